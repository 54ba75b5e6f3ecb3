"""tiny_shakespeare: the real file where there is one, else pages of the same layout, and the run says so."""

import pytest

from seqlab.data import TinyShakespeare


def test_made_up_plays_have_the_layout_of_the_real_ones():
    found = TinyShakespeare(source="sample").load()
    assert found.spec.source == "sample"
    text = found.samples["train"].part.first(10**6).decode()
    speeches = text.split("\n\n")
    assert len(speeches) > 500
    assert all(speech.split("\n")[0].endswith(":") for speech in speeches)
    assert not {"!.", "?."} & {speech[-2:] for speech in speeches}
    assert {speech[-1] for speech in speeches[:-1]} == {".", "!", "?"}
    assert found.spec.headed("a run") == "a run (SAMPLE DATA)"


@pytest.mark.real_data
def test_the_real_plays_are_split_as_nanogpt_splits_them(real_data):
    found = TinyShakespeare(root=str(real_data)).load()
    assert found.spec.source == "real"
    assert len(found.spec.symbols) == 65 + 4
    assert sum(found.spec.sizes.values()) == 1_115_394
    assert found.spec.sizes["test"] == 1_115_394 - 1_003_854
    assert (
        found.spec.sha256 == TinyShakespeare(root=str(real_data / "tiny_shakespeare.zip")).load().spec.sha256
    )
