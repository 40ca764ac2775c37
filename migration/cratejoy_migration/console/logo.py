"""The product's name above the navigation, as a picture that reads well in light and dark."""

from __future__ import annotations

import streamlit as st

_NAME = """<svg xmlns="http://www.w3.org/2000/svg" width="210" height="28" viewBox="0 0 210 28">
<style>text { fill: #1f2a2a } @media (prefers-color-scheme: dark) { text { fill: #e6ecec } }</style>
<rect y="3" width="22" height="22" rx="6" fill="#0f766e"/>
<path d="M5.5 14h10.5M12 9.5l4.5 4.5-4.5 4.5" fill="none" stroke="#fff" stroke-width="2" stroke-linecap="round"
 stroke-linejoin="round"/>
<text x="31" y="19.5" font-family="system-ui, sans-serif" font-size="15" font-weight="600">Cratejoy to Shopify</text>
</svg>"""
_MARK = _NAME.replace('width="210" height="28" viewBox="0 0 210 28"', 'width="28" height="28" viewBox="0 0 22 28"')


def show() -> None:
    """Show it; the mark alone stays where the sidebar is folded away."""
    st.logo(_NAME, size="large", icon_image=_MARK)
