"""The typed, validated configuration: settings, their ranges, and the messages for mistakes.

A file of conf/ has only settings that differ from the defaults of its class (``packaged``); ``seqlab config
GROUP=NAME`` prints and explains every key. The default of an added key is the former behaviour, so that older
runs keep their meaning.
"""
