"""The page: one file, the same facts twice, nothing from outside, and names that only stand there."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from winnow.report.answer import Whole
from winnow.report.gallery import named_gallery
from winnow.report.page import LARGEST, Page, ShownList, page_of, part_of
from winnow.report.pictures import Pictures
from winnow.report.results import Results
from winnow.report.rounds import rounds_chart
from winnow.types import Clustering, Dataset, Rows

HOSTILE = "</script><img src=x onerror=alert(1)>\x1b[2J\"'`|{{ 7*7 }}"


def images(n=40, size=8, classes=("cat", "dog"), **parts):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (n, 3, size, size), np.uint8)
    y = np.arange(n) % len(classes)
    return Dataset("toy", x, y, x[:4], y[:4], classes, **parts)


def pictured(dataset, kept, X=None, clustering=None, pictures=Pictures()):  # noqa: B008 - a frozen value
    return named_gallery(dataset, kept, *pictures.of(dataset, kept, X, clustering), about="A list.")


def page(rows, shown=None, **facts):
    parts = [part_of(title, group, Whole(60, "images"))[0] for title, group in Results(rows).by_setting()]
    return Page([replace(part, gallery=shown) for part in parts], "2 jobs: 2 computed", [], facts)


class Tags(HTMLParser):
    """Every tag with its attributes, and all text outside of scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self._inside = [], "", ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self._inside = tag

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        if self._inside not in ("script", "style"):
            self.text += data


@pytest.fixture
def full_page(job):
    clustering = Clustering(np.zeros((2, 2), np.float32), np.arange(40) % 2, np.arange(40, dtype=np.float64))
    X = np.random.default_rng(1).normal(size=(40, 2)).astype(np.float32)
    shown = pictured(images(), np.arange(0, 40, 4), X, clustering)
    return page([*job(), *job("furthest", job=1), *job(budget=20, job=2)], shown, command="python train.py")


def test_nothing_is_asked_of_any_network(full_page):
    text = full_page.html()
    assert not re.search(
        r"(?:https?:)?//[a-z0-9]", re.sub(r"base64,[A-Za-z0-9+/=]*", "", text), re.IGNORECASE
    )
    attributes = [
        value for tag, given in Tags(text).tags for name, value in given.items() if name in ("src", "href")
    ]
    assert all(value.startswith("data:") for value in attributes)
    assert "default-src 'none'" in text
    assert "url(data:image/webp;base64," in text


def test_both_files_have_the_same_facts(full_page):
    told, marked = Tags(full_page.html()).text, full_page.markdown()
    (part,) = full_page.parts
    plain = re.sub(r"\\(.)", r"\1", marked)
    for fact in (part.answer, part.detail, full_page.jobs, part.gallery.alike, part.gallery.test):
        assert fact in told
        assert fact in plain
    for line in part.lines:
        for text, _ in line.cells:
            assert text in told
            assert text in plain
    for bar in part.gallery.histogram:
        assert f"| {bar.name} | {bar.before} | {bar.after} |" in plain


def test_rounds_are_a_chart_and_the_same_numbers_in_words(job):
    (part,) = page(job("rounds")).parts
    results = Results(job("rounds"))
    point = {"labels": 20, "random": 4, "accuracy_of_random": 75.0, "asked": 16, "accuracy_of_asked": 12.5}
    shown = rounds_chart(results, {results.finished[0].key: [[point]]})
    made = Page([replace(part, rounds=shown)])
    told, plain = Tags(made.html()).text, made.markdown()
    assert "rounds, 20 labels read: 75.0 % of 4 rows drawn by chance" in told
    assert "| rounds | drawn by chance | 20 | 4 | 75.0 |" in plain
    assert "| rounds | asked for | 20 | 16 | 12.5 |" in plain
    assert shown.caption in told
    assert "before they were learnt" not in page(job()).html() + page(job()).markdown()


@pytest.mark.parametrize("name", [HOSTILE, "{% raw %}", "a" * 5000, "猫", "-1", "\udc80"])
def test_a_name_only_stands_there(name, job):
    dataset = images(classes=(name, "dog"), origins=[f"{name}/{row}.png" for row in range(40)])
    options = {"dataset": name, "model": "mlp", "augment": "none", "selector.end": name}
    made = page(job(options=options), pictured(dataset, np.arange(5)), command=name)
    plain = page(job(), pictured(images(), np.arange(5)), command="python train.py")
    written = made.html().encode(errors="strict").decode()
    # The same tags as with ordinary names, and not one attribute more.
    assert [(tag, sorted(given)) for tag, given in Tags(written).tags] == [
        (tag, sorted(given)) for tag, given in Tags(plain.html()).tags
    ]
    assert "\x1b" not in written
    assert "<img" not in made.markdown()
    assert "\x1b" not in made.markdown()


def test_a_page_that_would_be_too_large_loses_its_pictures_and_says_so(job):
    shown = pictured(images(), np.arange(5))
    huge = replace(shown, sheet="A" * LARGEST)
    text = page(job(), huge).html()
    assert len(text) < LARGEST
    assert "with pictures the page would be larger than 3 MB" in text


def test_pictures_of_noise_the_worst_to_compress_fit(job):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (600, 3, 96, 96), np.uint8)
    classes = tuple(f"class {number}" for number in range(20))
    dataset = Dataset("noise", x, np.arange(600) % 20, x[:50], np.zeros(50, int), classes)
    clustering = Clustering(np.zeros((30, 2), np.float32), np.arange(600) % 30, rng.random(600))
    shown = pictured(dataset, np.arange(300), rng.random((600, 2)).astype(np.float32), clustering)
    kept = ShownList("kept/kept.csv", 300, "0" * 64, "A" * 200_000)
    made = page(job(), shown)
    full = replace(made, parts=[replace(made.parts[0], kept=kept)])
    assert "image/webp" in full.html()
    assert len(full.html().encode()) <= LARGEST


def test_data_sets_never_stand_in_one_part(job):
    other = {"dataset": "other", "model": "mlp", "augment": "none", "trainer.learning_rate": "0.01"}
    made = page_of(Results([*job(), *job(job=1, options=other)]), {}, "No pictures here.")
    assert [part.title for part in made.parts] == [
        "dataset=other, model=mlp, augment=none",
        "dataset=toy, model=mlp, augment=none",
    ]
    assert [len(part.lines) for part in made.parts] == [2, 2]
    assert made.html().count("No pictures here.") == 2


def test_jobs_without_a_result_and_notes_are_told(job, row):
    failed = row("random", job=1, status="failed", reason="k must be at most 9 <b>", accuracies=[])
    made = page_of(Results([*job(), failed], ["left out: 3 results of earlier code"]), {}, "")
    assert made.jobs == "2 jobs: 1 computed, 1 failed"
    told = Tags(made.html()).text
    assert "k must be at most 9 <b>" in told
    assert "left out: 3 results of earlier code" in told


def test_rows_that_are_no_images_have_a_map_and_a_histogram(job):
    x = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)
    y = np.arange(30) % 2
    dataset = Dataset("table", x, y, x[:3] + 1, y[:3], ("a", "b"))
    shown = pictured(dataset, np.array([0, 2, 4]), x)
    assert (shown.sheet, shown.classes, shown.no_pictures) == (
        "",
        [],
        "The rows are no images: the list names them.",
    )
    assert len(shown.points) == 30
    assert [(bar.name, bar.before, bar.after) for bar in shown.histogram] == [("a", 15, 3), ("b", 15, 0)]
    assert [(bar.share_before, bar.share_after) for bar in shown.histogram] == [(50.0, 100.0), (50.0, 0.0)]
    told = Tags(page(job(), shown).html()).text
    assert "The rows are no images" in told
    assert "a, row 0, kept" in told  # a pair that is alike, in words


def test_rows_without_labels_say_why_there_is_no_histogram():
    rows = Rows("flat", images().x)
    shown = pictured(rows, np.array([1, 2]))
    assert (shown.histogram, shown.no_histogram) == ([], "The rows have no labels.")
    assert shown.test == "No test set."
    assert shown.no_map == "This way of choosing reads no embedding to draw."
    assert shown.no_clusters == "This way of choosing is blind to clusters."


def test_classes_show_kept_rows_beside_left_out_ones():
    shown = pictured(images(), np.array([0, 2, 4, 1]))
    cat, dog = shown.classes
    assert (cat.name, cat.counts) == ("cat", "3 of 20 kept")
    assert [tile.text for tile in cat.kept] == ["cat, row 0, kept", "cat, row 2, kept", "cat, row 4, kept"]
    assert [tile.text for tile in dog.kept] == ["dog, row 1, kept"]
    assert all(not tile.kept for tile in [*cat.left, *dog.left])
    assert len(cat.left) == 10


def test_the_most_typical_are_nearest_to_their_centroids():
    distances = np.arange(40, dtype=np.float64)[::-1]
    clustering = Clustering(np.zeros((1, 2), np.float32), np.zeros(40, int), distances.copy())
    shown = pictured(images(), np.array([39]), None, clustering)
    assert shown.typical[0].text == "dog, row 39, kept"
    assert shown.atypical[0].text == "cat, row 0"
    (cluster,) = shown.clusters
    assert [tile.text for tile in cluster.kept] == ["dog, row 39, kept"]
    assert (cluster.left[0].text, cluster.left[-1].text) == ("cat, row 38", "cat, row 0")


def test_every_tile_is_the_image_that_it_names():
    from base64 import b64decode
    from io import BytesIO

    from PIL import Image

    # Image number i is of one grey, 5 i.
    x = (5 * np.arange(40, dtype=np.uint8))[:, None, None, None] * np.ones((1, 1, 8, 8), np.uint8)
    dataset = Dataset("grey", x, np.arange(40) % 2, x[:2] + 2, np.zeros(2, int), ("a", "b"))
    shown = pictured(dataset, np.arange(0, 40, 2))
    sheet = np.asarray(Image.open(BytesIO(b64decode(shown.sheet))).convert("L")).astype(int)
    tiles = [tile for group in shown.classes for tile in (*group.kept, *group.left)]
    assert len(tiles) == 20  # ten kept ones of a, ten left out of b
    for tile in tiles:
        row = int(re.search(r"row (\d+)", tile.text)[1])
        column, line = tile.at
        middle = sheet[8 * line + 4, 8 * column + 4]
        assert abs(middle - 5 * row) <= 4  # WebP is lossy
