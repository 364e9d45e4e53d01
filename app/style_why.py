"""The look of the reasons: the waterfall, the tables of effects, the funnel."""

from __future__ import annotations

CSS = """
.wb-fall { font-size: .92rem; line-height: 1.25; }
.wb-fall-row { display: grid; grid-template-columns: minmax(7rem, 36%) 1fr 3.6rem;
  column-gap: .8rem; align-items: stretch; min-height: 2rem; }
.wb-fall-row > * { align-self: center; }
.wb-fall-name { overflow-wrap: anywhere; padding: .2rem 0; }
.wb-fall-about { display: block; font-size: .8rem; opacity: .78; }
.wb-fall-number { text-align: right; font-variant-numeric: tabular-nums; }
.wb-fall-row > .wb-fall-track { position: relative; align-self: stretch; }
.wb-fall-track > * { position: absolute; }
.wb-fall-line { top: 0; bottom: 0; width: 0; border-left: 1px dashed currentColor; opacity: .3; }
.wb-fall-bar { top: 50%; height: 1.05rem; margin-top: -.525rem; min-width: 2px;
  border-radius: .18rem; }
.wb-fall-for { background: #0A5C9E; }
.wb-fall-against { background: #B3530A; }
.wb-dark .wb-fall-for { background: #7DB8EE; }
.wb-dark .wb-fall-against { background: #F0A35E; }
.wb-fall-part .wb-fall-bar { height: .6rem; margin-top: -.3rem; opacity: .75; }
.wb-fall-to { top: 50%; bottom: -50%; width: 0; border-left: 1px solid currentColor;
  opacity: .45; }
.wb-fall-at { top: 50%; width: .7rem; height: .7rem; margin: -.35rem 0 0 -.35rem;
  border: 2px solid currentColor; border-radius: 50%; background: transparent; }
.wb-fall-end { font-weight: 650; border-top: 1px solid
  color-mix(in srgb, currentColor 22%, transparent); }
.wb-fall-end .wb-fall-at { background: currentColor; }
.wb-fall details { border-radius: .35rem; }
.wb-fall summary { cursor: pointer; list-style: none; border-radius: .35rem; }
.wb-fall summary::-webkit-details-marker { display: none; }
.wb-fall summary .wb-fall-name::before { content: "▸"; display: inline-block; width: 1rem;
  opacity: .7; transition: transform .12s; }
.wb-fall details[open] > summary .wb-fall-name::before { transform: rotate(90deg);
  transform-origin: 35% 55%; }
.wb-fall summary:hover { background: color-mix(in srgb, currentColor 6%, transparent); }
.wb-fall summary:focus-visible { outline: 2px solid #0A5C9E; outline-offset: 1px; }
.wb-dark .wb-fall summary:focus-visible { outline-color: #7DB8EE; }
.wb-fall summary .wb-fall-name { padding-left: 1rem; text-indent: -1rem; }
.wb-fall summary .wb-fall-name::before { text-indent: 0; }
.wb-fall-part .wb-fall-name, .wb-fall-flat .wb-fall-name { padding-left: 1rem; }
.wb-fall-part .wb-fall-name { font-size: .86rem; }
@media (prefers-reduced-motion: reduce) { .wb-fall summary .wb-fall-name::before {
  transition: none; } }
.wb-acts { width: 100%; border-collapse: collapse; font-size: .92rem; line-height: 1.25;
  table-layout: fixed; }
.wb-acts th { text-align: left; font-weight: 600; font-size: .83rem; vertical-align: bottom;
  padding: .1rem .7rem .35rem 0; }
.wb-acts thead th { opacity: .82; }
.wb-acts td, .wb-acts tbody th { border-top: 1px solid
  color-mix(in srgb, currentColor 14%, transparent); padding: .38rem .7rem .38rem 0;
  vertical-align: middle; }
.wb-acts tbody th { font-weight: 500; font-size: .92rem; overflow-wrap: anywhere; }
.wb-acts-name { width: 30%; } .wb-acts-rank { width: 5.6rem; }
.wb-acts-share, .wb-acts-removal { width: auto; }
.wb-acts-what { font-size: .8rem; opacity: .8; font-weight: 400; }
.wb-then { display: block; }
.wb-acts td:last-child { padding-right: 0; }
.wb-pair { display: grid; grid-template-columns: 1fr 2.9rem; column-gap: .4rem;
  align-items: center; }
.wb-pair .wb-bar-track { height: .8rem; }
.wb-pair-number { text-align: right; font-variant-numeric: tabular-nums; line-height: 1.1; }
.wb-error { display: block; font-size: .75rem; opacity: .78; }
.wb-out { color: #9A430A; font-weight: 650; white-space: nowrap; }
.wb-dark .wb-out { color: #F3B27A; }
.wb-in { white-space: nowrap; }
ol.wb-steps { list-style: none; margin: .2rem 0 0; padding: 0; }
.wb-steps li { display: grid; grid-template-columns: 1.6rem minmax(7rem, 30%) 1fr;
  column-gap: .6rem; padding: .35rem 0; align-items: baseline; font-size: .94rem;
  overflow-wrap: anywhere; margin: 0; border-top: 1px solid
  color-mix(in srgb, currentColor 14%, transparent); }
.wb-steps li:first-child { border-top: 0; }
.wb-steps-sign { font-weight: 700; text-align: center; }
.wb-steps-name { font-weight: 600; }
.wb-steps-yes .wb-steps-sign { color: #0A6B52; } .wb-dark .wb-steps-yes .wb-steps-sign {
  color: #6FD6B6; }
.wb-steps-no .wb-steps-sign, .wb-steps-no .wb-steps-name { color: #9A430A; }
.wb-dark .wb-steps-no .wb-steps-sign, .wb-dark .wb-steps-no .wb-steps-name { color: #F3B27A; }
.wb-steps-skip { opacity: .72; }
.wb-say { margin: .7rem 0 .4rem; padding-left: .8rem; border-left: 3px solid #B3530A;
  font-size: .95rem; line-height: 1.45; overflow-wrap: anywhere; }
.wb-dark .wb-say { border-color: #F0A35E; }
p.wb-pair-said { margin-top: .9rem; }
.wb-cut { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3;
  overflow: hidden; }
@media (max-width: 40rem) {
  .wb-fall-row { grid-template-columns: minmax(6rem, 40%) 1fr 3.1rem; column-gap: .5rem; }
  .wb-acts-name, .wb-acts-rank { width: auto; }
  .wb-acts, .wb-acts tbody, .wb-acts tr, .wb-acts td, .wb-acts tbody th { display: block; }
  .wb-acts thead { position: absolute; width: 1px; height: 1px; overflow: hidden;
    clip-path: inset(50%); }
  .wb-acts tr { border-top: 1px solid color-mix(in srgb, currentColor 14%, transparent);
    padding: .45rem 0; }
  .wb-acts td, .wb-acts tbody th { border: 0; padding: .12rem 0; }
  .wb-acts td[data-of] { display: grid; grid-template-columns: 7.6rem 1fr; align-items: center; }
  .wb-acts td[data-of]::before { content: attr(data-of); font-size: .8rem; opacity: .82; }
  .wb-steps li { grid-template-columns: 1.6rem 1fr; }
  .wb-steps li > :last-child { grid-column: 2; }
}
"""
