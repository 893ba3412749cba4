"""The page's colours and type: one accent, calm greys, the system's own fonts."""

from __future__ import annotations

import gradio as gr

_ACCENT = gr.themes.Color(
    c50="#effcf9", c100="#d5f5ee", c200="#ade9dd", c300="#79d6c6", c400="#43b9a8", c500="#239c8c",
    c600="#0f7d71", c700="#0d645b", c800="#0f504a", c900="#10423e", c950="#042724",
)  # fmt: skip
_GREY = gr.themes.Color(
    c50="#f7f8f8", c100="#eef0f1", c200="#e0e3e5", c300="#c8cdd1", c400="#99a1a8", c500="#6b747c",
    c600="#525b63", c700="#3d454c", c800="#262c31", c900="#191d21", c950="#101316",
)  # fmt: skip
_FONT = [
    "system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "PingFang SC",
    "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif",
]  # fmt: skip
_MONO = ["ui-monospace", "SFMono-Regular", "Consolas", "Noto Sans Mono", "monospace"]


def theme() -> gr.themes.Base:
    """Text on every ground has a contrast of at least 4.5 to 1; a test computes it."""
    base = gr.themes.Base(
        primary_hue=_ACCENT,
        secondary_hue=_ACCENT,
        neutral_hue=_GREY,
        spacing_size=gr.themes.sizes.spacing_md,
        radius_size=gr.themes.sizes.radius_md,
        text_size=gr.themes.sizes.text_md,
        font=_FONT,
        font_mono=_MONO,
    )
    return base.set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        body_text_color="*neutral_900",
        body_text_color_dark="*neutral_100",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        block_background_fill="white",
        block_background_fill_dark="*neutral_900",
        block_border_color="*neutral_200",
        block_border_color_dark="*neutral_800",
        block_border_width="1px",
        block_label_text_color="*neutral_700",
        block_label_text_color_dark="*neutral_300",
        block_title_text_color="*neutral_700",
        block_title_text_color_dark="*neutral_300",
        block_title_text_weight="500",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_400",
        block_shadow="none",
        input_background_fill="white",
        input_background_fill_dark="*neutral_950",
        input_border_width="1px",
        input_border_color="*neutral_300",
        input_border_color_dark="*neutral_700",
        input_border_color_focus="*primary_600",
        input_border_color_focus_dark="*primary_400",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="*neutral_400",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_700",
        button_primary_text_color="white",
        button_primary_text_color_dark="white",
        button_secondary_background_fill="white",
        button_secondary_background_fill_hover="*neutral_100",
        button_secondary_background_fill_dark="*neutral_800",
        button_secondary_background_fill_hover_dark="*neutral_700",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="*neutral_700",
        button_cancel_background_fill="#b3261e",
        button_cancel_background_fill_dark="#b3261e",
        button_cancel_text_color="white",
        button_cancel_text_color_dark="white",
        button_border_width="1px",
        button_transition="none",
        color_accent_soft="*primary_50",
        color_accent_soft_dark="*primary_950",
        slider_color="*primary_600",
        slider_color_dark="*primary_400",
        checkbox_background_color_selected="*primary_600",
        checkbox_background_color_selected_dark="*primary_600",
        checkbox_label_background_fill="transparent",
        checkbox_label_background_fill_dark="transparent",
    )
