"""How columns of tables are shown."""

from __future__ import annotations

import streamlit as st

FIGURE = st.column_config.NumberColumn(format="localized")
"""A number with the separators of the reader's language."""
WIDE = st.column_config.TextColumn(width="large")
"""A sentence."""
