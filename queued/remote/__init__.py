"""What people do from afar: take a number on the phone, say that they have come, book a time.

    places     who is where: the code shown in the hall, the position a visitor gives; pure
    slots      when one may book, from the calendar and the rules; pure
    taking     one live number a person, limits, "I am here"
    booking    appointments of a person: one a day, given up in time, not missed again and again
    doors      the pages' paths
    limits     how often a person or an address may try

Nothing of it is loaded in a hall that offers nothing from afar. A person is a keyed digest here;
what it stands for lies in the table of people.
"""
