"""The look of our own pieces of HTML; colours that hold in light and dark.

Tiles have white text of at least 4.5 : 1 on every ink. Nothing is said by colour alone.
"""

from __future__ import annotations

from app import style_why

INKS = (
    "#2F4B7C", "#0B6E4F", "#8A2B55", "#0A6A86", "#80500A", "#5E4594", "#A03A1C", "#3F5A14",
    "#98356B", "#5A4A42", "#525B66",
)  # fmt: skip
"""One for each of the most frequent genres, the last for none."""

MARK = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64" viewBox="0 0 64 64">'
    '<rect width="64" height="64" rx="14" fill="#1667A8"/>'
    '<g stroke="#fff" stroke-width="5" stroke-linecap="round">'
    '<path d="M13 20h38M13 32h38M13 44h38"/></g>'
    '<g fill="#fff" stroke="#1667A8" stroke-width="3">'
    '<circle cx="42" cy="20" r="7"/><circle cx="23" cy="32" r="7"/><circle cx="36" cy="44" r="7"/>'
    "</g></svg>"
)
"""Three sliders: the mark of the app, drawn here because a named icon is fetched from outside."""

_TILES = "\n".join(f".wb-ink-{i} {{ background: {ink}; }}" for i, ink in enumerate(INKS))

CSS = f"""
.wb-row {{ display: flex; align-items: center; gap: .7rem; min-height: 2.75rem; min-width: 0; }}
.wb-rank {{ flex: none; width: 1.6rem; text-align: right; font-weight: 650;
  font-variant-numeric: tabular-nums; opacity: .8; }}
.wb-tile {{ flex: none; width: 2.5rem; height: 2.5rem; border-radius: .35rem; color: #fff;
  display: flex; align-items: center; justify-content: center; font-size: .78rem;
  font-weight: 600; font-variant-numeric: tabular-nums; overflow: hidden; }}
.wb-text {{ flex: 1; min-width: 0; line-height: 1.25; }}
.wb-title {{ font-weight: 600; overflow-wrap: anywhere; display: -webkit-box;
  -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }}
.wb-about {{ font-size: .83rem; opacity: .78; white-space: nowrap; overflow: hidden;
  text-overflow: ellipsis; }}
.wb-mark {{ flex: none; font-size: .8rem; font-weight: 650; padding: .12rem .5rem;
  border-radius: 1rem; white-space: nowrap; border: 1px solid currentColor; }}
.wb-entered {{ color: #0A5C9E; background: #0A5C9E14; }}
.wb-left {{ color: #9A430A; background: #B3530A14; }}
.wb-up {{ color: #0A6B52; border-color: transparent; }}
.wb-down {{ color: #9A430A; border-color: transparent; }}
.wb-same {{ opacity: .75; border-color: transparent; font-weight: 500; }}
.wb-dark .wb-entered {{ color: #8EC3F3; background: #7DB8EE1f; }}
.wb-dark .wb-left, .wb-dark .wb-down {{ color: #F3B27A; background: none; }}
.wb-dark .wb-up {{ color: #6FD6B6; }}
.wb-gone .wb-title {{ text-decoration: line-through; text-decoration-thickness: 1px; }}
.wb-undone {{ opacity: .72; font-style: italic; }}
.wb-lede {{ font-size: 1.05rem; max-width: 46rem; margin: 0; }}
.wb-sentence {{ font-size: 1.08rem; line-height: 1.5; margin: 0 0 .4rem; overflow-wrap: anywhere; }}
.wb-head {{ font-weight: 650; font-size: 1.1rem; margin: .6rem 0 .5rem; padding: 0; }}
.wb-line, .wb-undone {{ margin: .1rem 0; font-size: .92rem; overflow-wrap: anywhere; }}
.wb-about-line {{ font-size: .9rem; margin: 0; }}
.wb-bars {{ display: grid; grid-template-columns: fit-content(40%) 1fr 4.2rem;
  column-gap: .7rem; row-gap: .35rem; align-items: center; }}
.wb-bar-name {{ font-size: .9rem; line-height: 1.2; overflow-wrap: anywhere; }}
.wb-bar-number {{ font-size: .9rem; text-align: right; font-variant-numeric: tabular-nums; }}
.wb-bar-track {{ position: relative; height: .95rem; border-radius: .2rem;
  background: color-mix(in srgb, currentColor 8%, transparent); }}
.wb-bar-track::after {{ content: ""; position: absolute; left: 50%; top: -.15rem; bottom: -.15rem;
  width: 1px; background: currentColor; opacity: .55; }}
.wb-bar {{ position: absolute; top: 0; bottom: 0; border-radius: .15rem; }}
.wb-bar-for {{ left: 50%; background: #0A5C9E; }}
.wb-bar-against {{ right: 50%; background: #B3530A; }}
.wb-dark .wb-bar-for {{ background: #7DB8EE; }}
.wb-dark .wb-bar-against {{ background: #F0A35E; }}
.wb-counts .wb-bar-track::after {{ left: 0; }}
.wb-counts .wb-bar-for {{ left: 0; }}
.wb-told {{ text-decoration: underline dotted 1px; text-underline-offset: .25rem; cursor: help; }}
.wb-rule {{ opacity: .8; }}
p.wb-title {{ margin: 0; }}
.wb-marks {{ flex: none; display: flex; flex-direction: column; align-items: flex-end;
  gap: .2rem; }}
[class*="st-key-menu-"] button, [class*="st-key-rule-"] button {{ padding: 0 .1rem; }}
[class*="st-key-menu-"] button > div > div[aria-hidden="true"],
[class*="st-key-rule-"] button > div > div[aria-hidden="true"] {{ display: none; }}
[class*="st-key-why-"] button {{ padding: 0; }}
.st-key-person [data-testid="stButtonGroup"] > div button,
.st-key-one_feature [data-testid="stButtonGroup"] > div button {{ min-height: 2.5rem; }}
.stMultiSelect [data-tag] {{ color: inherit;
  border: 1px solid color-mix(in srgb, currentColor 35%, transparent);
  background: color-mix(in srgb, currentColor 9%, transparent); }}
.wb-like {{ display: flex; align-items: center; gap: .7rem; flex-wrap: wrap; }}
.wb-like-number {{ font-size: 1.5rem; font-weight: 700; font-variant-numeric: tabular-nums;
  line-height: 1; }}
.wb-like-track {{ flex: 0 1 9rem; height: .5rem; border-radius: .25rem; overflow: hidden;
  background: color-mix(in srgb, currentColor 14%, transparent); }}
.wb-like-bar {{ display: block; height: 100%; background: #0A5C9E; }}
.wb-dark .wb-like-bar {{ background: #7DB8EE; }}
.wb-like-words {{ font-size: .98rem; }}
.wb-tags {{ display: flex; gap: .4rem; flex-wrap: wrap; margin: .5rem 0 .2rem; }}
.wb-step {{ display: flex; gap: .8rem; padding: .45rem 0; }}
.wb-step + .wb-step {{ border-top: 1px solid color-mix(in srgb, currentColor 14%, transparent); }}
.wb-step-place {{ flex: none; width: 1.5rem; height: 1.5rem; border-radius: 50%; font-size: .8rem;
  display: flex; align-items: center; justify-content: center; font-weight: 650;
  background: color-mix(in srgb, currentColor 12%, transparent); }}
.wb-step-text {{ min-width: 0; }}
.wb-step-effect {{ opacity: .8; font-size: .9rem; padding-left: .4rem; }}
.wb-step-line {{ font-size: .88rem; overflow-wrap: anywhere; line-height: 1.4; }}
.wb-step-in {{ color: #0A5C9E; }}
.wb-step-out {{ color: #9A430A; }}
.wb-dark .wb-step-in {{ color: #8EC3F3; }}
.wb-dark .wb-step-out {{ color: #F3B27A; }}
[class*="st-key-menu-"] button p, [class*="st-key-rule-"] button p {{ position: absolute;
  width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }}
.wb-only-read {{ position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; }}
{_TILES}
{style_why.CSS}
@media (max-width: 40rem) {{
  .st-key-history .stHorizontalBlock, .st-key-found .stHorizontalBlock {{ flex-wrap: wrap; }}
  .st-key-history .stHorizontalBlock > :first-child {{ flex: 1 1 100%; }}
  .st-key-history .stHorizontalBlock {{ row-gap: 0; padding-bottom: .6rem; }}
  .st-key-history .stHorizontalBlock > :nth-child(2) {{ margin-left: 3.2rem; }}
  .st-key-person [data-testid="stButtonGroup"] > div button {{ padding-inline: .5rem; }}
  .st-key-way_back button {{ padding-inline: .35rem; }}
  .stHorizontalBlock:has(> .stColumn .stMetric) > .stColumn {{ flex: 1 1 40%; min-width: 40%; }}
  .stColumn:has(> .stVerticalBlock:empty) {{ display: none; }}
}}
"""

DARK = """
[data-testid="stBaseButton-primary"]:not(:disabled) { color: #10161F; }
"""
"""What only the dark theme needs: Streamlit writes white on a button of any colour."""
