"""How notebooks show a network: a row for each part."""

from html import escape

from torch import nn

from seqlab.nn.recurrent import count_parameters


def table_of(network: nn.Module) -> str:
    """Return a table in HTML of what each part of a network is, and how many parameters it has."""
    rows = [
        (name, " ".join([type(part).__name__, *part.extra_repr().split()]), count_parameters(part))
        for name, part in network.named_children()
    ]
    rows.append((type(network).__name__, "", count_parameters(network)))  # shared parameters once
    body = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(what)}</td><td>{count:,}</td></tr>"
        for name, what, count in rows
    )
    return (
        "<table><thead><tr><th>part</th><th>settings</th><th>parameters</th></tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )
