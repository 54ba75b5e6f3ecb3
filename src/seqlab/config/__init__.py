"""The typed, validated configuration: what may be set, in which range, and what is said when it is wrong.

Here stand the types and ranges. A file of conf/ says what differs and its class has the defaults
(``packaged``); ``seqlab config GROUP=NAME`` prints and explains every key. A key added later defaults to what
runs did before it existed, so that older runs keep their meaning.
"""
