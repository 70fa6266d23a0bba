"""Every method finds what is easy, and does what its name says."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from recto.errors import BadInput
from recto.intake.labelled.sets import LabelledSet
from recto.settings import Settings
from recto_lab.evaluation.methods import DESCRIPTORS, HASHES, NAMES, make_method, parse_name
from recto_lab.evaluation.methods import libraries as libraries_module
from recto_lab.evaluation.methods.orb import hamming, ratio_matches
from recto_lab.evaluation.outcomes import measure
from recto_lab.evaluation.run import Run, run

ALONE = [
    "recto_small",
    "recto_small:euclidean",
    "words",
    "orb",
    "orb1000",
    "orb500:homography",
    *DESCRIPTORS,
    "colour:euclidean",
    *HASHES,
]
SURE = ("recto_small", "words", "orb", "orb1000", "orb500:homography", "words:verify")
"""Methods that must put every easy photo right; of the others one is enough."""


def run_method(name: str, labelled: LabelledSet, *, leave_out: bool = False) -> Run:
    method = make_method(name, Settings(), top=5)
    return run(method, labelled, leave_out=leave_out, progress=lambda what, done, total: None)


@pytest.mark.parametrize("name", [*ALONE, "words:verify"])
def test_a_method_finds_easy_photos(drawn: LabelledSet, name: str) -> None:
    result = run_method(name, drawn)
    assert result.covers == 8
    assert result.failures == ()
    known = [trial for trial in result.trials if trial.photo.truths]
    first = sum(trial.answer.ranking[0] in trial.photo.truths for trial in known)
    assert first == len(known) if name in SURE else first >= 1
    assert {"decode", "describe", "search", "total"} <= set(result.trials[0].answer.times_ms)


def test_without_geometry_a_stranger_is_found_and_with_it_not(drawn: LabelledSet) -> None:
    alone = run_method("words", drawn).trials[-1]
    verified = run_method("words:verify", drawn).trials[-1]
    assert alone.photo.truths == ()
    assert len(alone.answer.found) == 1
    assert verified.answer.found == ()


@pytest.mark.parametrize("name", ["words", "words:verify"])
def test_a_book_that_is_left_out_is_not_named(drawn: LabelledSet, name: str) -> None:
    result = run_method(name, drawn, leave_out=True)
    for trial in result.trials:
        if not trial.photo.truths:
            assert trial.left_out is None
            continue
        assert trial.left_out is not None
        assert not set(trial.left_out.ranking) & set(trial.photo.truths)
        assert len(trial.left_out.ranking) == 7
        assert trial.answer.ranking[0] in trial.photo.truths
    found = measure(drawn, result.trials)["all"].left_out_found
    assert found is not None
    assert found.value == (0.0 if name == "words:verify" else 1.0)


def test_unit_vectors_rank_the_same_by_cosine_and_by_distance(drawn: LabelledSet) -> None:
    cosine, distance = run_method("recto_small", drawn), run_method("recto_small:euclidean", drawn)
    for one, other in zip(cosine.trials, distance.trials, strict=True):
        assert one.answer.ranking == other.answer.ranking


def test_matches_are_those_of_opencv() -> None:
    generator = np.random.default_rng(3)
    cover = generator.integers(0, 256, (60, 32), np.uint8)
    photo = generator.integers(0, 256, (40, 32), np.uint8)
    photo[:20] = cover[:20] ^ (generator.random((20, 32)) < 0.1)
    mine = ratio_matches(photo.view(np.uint64), cover.view(np.uint64))
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(photo, cover, k=2)
    theirs = [
        (near.queryIdx, near.trainIdx) for near, second in pairs if near.distance < 0.75 * second.distance
    ]
    assert [tuple(pair) for pair in mine.tolist()] == theirs
    assert len(theirs) >= 20
    assert hamming(photo[:1].view(np.uint64), photo[:1].view(np.uint64))[0, 0] == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nonsense", "There is no method 'nonsense': name one of recto, words,"),
        ("phash:euclidean", "does not take the option 'euclidean'; it takes verify"),
        ("recto:verify", "it takes no option"),
    ],
)
def test_a_wrong_name_is_told_what_would_do(name: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        parse_name(name, Settings())


def test_every_documented_name_is_one() -> None:
    assert {parse_name(name, Settings()).base for name in NAMES} == set(NAMES) - {"orb"}


def test_a_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(libraries_module, "import_module", absent)
    with pytest.raises(BadInput, match=r"needs scikit-image.*pip install 'recto\[evaluate\]'"):
        make_method("hog", Settings())
    with pytest.raises(BadInput, match="needs imagehash"):
        make_method("phash", Settings())
