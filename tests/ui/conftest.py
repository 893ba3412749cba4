"""A page's studio and a browser's request, without a browser."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
import pytest

from tests.ui.fake_studio import FakeStudio

DEMO = Path(__file__).resolve().parents[2] / "assets" / "demo_voice.flac"


@pytest.fixture
def studio(tmp_path: Path) -> FakeStudio:
    return FakeStudio(tmp_path)


@pytest.fixture
def english() -> gr.Request:
    return gr.Request(headers={"accept-language": "en-GB,en;q=0.9"})


@pytest.fixture
def chinese() -> gr.Request:
    return gr.Request(headers={"accept-language": "zh-CN,zh;q=0.9"})
