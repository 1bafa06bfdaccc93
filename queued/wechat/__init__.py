"""The hall's WeChat official account: what people write to it, and what it tells them in time.

    crypto, xml       signatures, encryption and the small XML that WeChat speaks; pure
    inbound           what an account is told, as values
    callback          one request of WeChat's servers: proven, decrypted, answered once
    messages          what the account answers; phrases/ holds its words
    menu              the account's menu, checked and applied
    client, tokens    calls to WeChat, and the access token they share
    oauth, js_sdk     who holds the phone; signatures for pages of ours
    reminders           template messages and subscribed reminders, with the limits of their fields
    reminders         "three ahead of you": follows the journal, at most once a person and event
    emulator/         a strict WeChat for tests and demonstrations

It may fail as a whole without a visitor losing a number: nothing of the hall waits for it.
"""
