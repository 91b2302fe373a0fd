"""What we know of MySQL as bytes and values: its packets, its errors, its facts. Pure; sockets are in actors/drivers/mysql.

framing.py    socket bytes -> packet payloads
packets.py    commands we send (register, dump) and the error packet
replies.py    a server's error number and text -> a Problem that says what to do
identity.py   who we are as a replica (server id, UUID)
endpoint.py   where a server is and how to log in
facts.py      what a server says of itself; grants.py what the account may do
judgement.py  facts + what the lanes need -> every Problem at once
"""
