"""A strict WeChat on this machine: refuses whatever the real one refuses, and forgets nothing.

    pushing    what WeChat's servers send to a callback address, and how they read replies
    rules      what WeChat checks in every call, as tables
    platform   the state of one account: tokens, followers, consents, quotas, menus, codes
    playing    a page on which one plays somebody with WeChat; its files are in play/
    server     the HTTP interface, and a control interface under /fake/ for tests and demonstrations

    python -m queued.wechat.emulator --appid wx… --secret … --token … --aes-key … --port 8090

No part of the hall uses it; `[wechat] api_url` points a hall's account to it.
"""
