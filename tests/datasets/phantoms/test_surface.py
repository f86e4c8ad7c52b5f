from __future__ import annotations

import numpy as np
from scipy.ndimage import label

from harness.datasets.phantoms.parameters import SurfaceParameters
from harness.datasets.phantoms.surface import REST, SURFACE, scribble, shape_cell, shell_of, surface_light
from harness.metrics.masks import interior

SPACING = (0.4, 0.2, 0.2)
PARAMETERS = SurfaceParameters(shape=(24, 48, 48), spacing_um=SPACING)


def cell(**given: object) -> np.ndarray:
    return shape_cell(PARAMETERS.model_copy(update=given), SPACING, np.random.default_rng(3))


def test_the_shell_encloses_the_inside_of_the_cell() -> None:
    body = cell(filopodia=0)
    surface = shell_of(body, SPACING, 0.5)
    assert surface.sum() < 0.6 * body.sum()
    np.testing.assert_array_equal(interior(surface), body & ~surface)
    assert label(interior(surface))[1] == 1


def test_filopodia_stick_out_and_are_all_surface() -> None:
    body, bald = cell(), cell(filopodia=0)
    out = body & ~bald
    assert out.any()
    assert (shell_of(body, SPACING, 0.5) & out).sum() > 0.8 * out.sum()


def test_a_volume_may_hold_no_cell() -> None:
    body = cell(objects=0)
    assert not body.any()
    surface = shell_of(body, SPACING, 0.5)
    assert not surface.any()
    assert set(np.unique(scribble(surface, 0.006, np.random.default_rng(0)))) == {0, REST}


def test_scribbles_are_few_and_right() -> None:
    surface = shell_of(cell(), SPACING, 0.5)
    scribbles = scribble(surface, 0.006, np.random.default_rng(0))
    assert 0 < (scribbles > 0).mean() < 0.01
    assert surface[scribbles == SURFACE].all()
    assert not surface[scribbles == REST].any()


def test_the_negative_channel_is_faithful_and_actin_is_not() -> None:
    body = cell()
    surface = shell_of(body, SPACING, 0.5)
    light = surface_light(body, surface, PARAMETERS, SPACING, np.random.default_rng(1))
    inside = body & ~surface
    assert not light["negative"][~surface].any()
    assert light["actin"][inside].any()
    spread = {name: array[surface].std() / array[surface].mean() for name, array in light.items()}
    assert spread["actin"] > 1.5 * spread["negative"]
