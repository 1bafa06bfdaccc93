"""Columns of a hall: notices 要闻公告, questions TA们都在问, telephone list 咨询电话, about 微官网.

Pages are Markdown files with front matter in a folder of the hall: COLUMN/SLUG.md, and beside it
SLUG.en.md for those who do not read Chinese. `page` reads and writes one, `rendering` makes safe
HTML of it, `searching` ranks what somebody looks for: pure. `folder` reads and writes the files,
`pictures` makes small ones of what was uploaded. Nothing here knows HTTP or a database.
"""
