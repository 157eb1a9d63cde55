"""Samples of the tools in tools/core."""

from tests.tools.samples import Sample

SAMPLES = {"whoami": Sample({}, statements=(2, 0))}
