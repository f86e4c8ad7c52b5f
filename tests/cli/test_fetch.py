"""Fetching by dataset, by suite, and what cannot be had."""

from __future__ import annotations

from tests.cli.project import CATALOGUE, RECIPE, Cli


def test_a_dataset_and_the_needs_of_a_suite(cli: Cli) -> None:
    assert cli("fetch", "blobs")[:2] == (0, "dataset blobs: fetched and verified\n")
    assert cli("fetch", "toy", "--tier", "mini")[:2] == (0, "dataset blobs: fetched and verified\n")


def test_what_cannot_be_had_is_said_after_the_rest(cli: Cli) -> None:
    code, out, err = cli("fetch", "absent", "blobs")
    assert code == 3
    assert out == "dataset blobs: fetched and verified\n"
    assert "dataset absent: " in err
    assert err.splitlines()[-1] == "harness: 1 of 2 could not be fetched"


def test_an_unknown_name(cli: Cli) -> None:
    code, _, err = cli("fetch", "blob")
    assert (code, err) == (2, "harness: error: 'blob' is no dataset, weights or suite; did you mean 'blobs'?\n")


def test_of_weights_that_are_trained_here_the_data_are_fetched(cli: Cli) -> None:
    (cli.folder / "datasets.toml").write_text(CATALOGUE + RECIPE)
    assert cli("fetch", "cooked")[:2] == (0, "dataset blobs: fetched and verified\n")
