"""What an auditor has to tick off, and the section of the report that informs it."""

from __future__ import annotations

from collections.abc import Collection

AI_ACT = "EU AI Act (Regulation 2024/1689)"
DSA = "Digital Services Act (Regulation 2022/2065)"
GDPR = "GDPR (Regulation 2016/679)"
NIST = "NIST AI RMF 1.0, Measure"

CHECKLIST = (
    (AI_ACT, "Art. 10(2)(b), (c)", "Where data come from and how they were prepared",
     "data", "source, licence, fingerprints, and rows refused by rule"),
    (AI_ACT, "Art. 10(2)(f), (g)", "Whether data may carry bias, and what is done to find it",
     "people", "figures by group with intervals; exposure and leakage"),
    (AI_ACT, "Art. 10(2)(h), 10(3)", "Gaps in data, and whom they represent",
     "data", "who is missing, and of whom an attribute is known"),
    (AI_ACT, "Art. 13(3)(b)(i)", "The intended purpose",
     "card", "purpose and what is out of scope"),
    (AI_ACT, "Art. 13(3)(b)(ii), 15(3)", "The level of accuracy, and its metrics",
     "models", "every mean with interval, people and definition"),
    (AI_ACT, "Art. 13(3)(b)(iii)", "Circumstances in which it may do harm",
     "limits", "what cannot be said"),
    (AI_ACT, "Art. 13(3)(b)(iv), (vii)", "What explains an output, and how to read it",
     "inside", "what the engine looks at, and how good its explanations are"),
    (AI_ACT, "Art. 13(3)(b)(v)", "How it performs for specific groups of people",
     "people", "the same metrics for each group that is large enough"),
    (AI_ACT, "Art. 15(1), (4)", "Consistency over the lifecycle; feedback loops",
     "changes", "what changed since the previous report"),
    (AI_ACT, "Art. 15(4)", "Outputs that become inputs again",
     "feedback", "a simulation under a stated choice model; not an observation"),
    (AI_ACT, "Art. 15(5)", "Whether anybody altered it",
     "check", "hashes of data, settings, engine and package, checked by one command"),
    (DSA, "Art. 27(1), (2)", "The main parameters, and why they weigh what they weigh",
     "inside", "the share of each group of features in a score"),
    (DSA, "Art. 27(1), (3)", "What a recipient could choose instead",
     "inside", "what each setting of the policy costs and gives, where it was kept"),
    (DSA, "Art. 38", "An option that is not based on profiling",
     "models", "what the same lists are worth from popularity alone, and with no history"),
    (GDPR, "Art. 15(1)(h)", "Meaningful information about the logic involved",
     "examples", "worked examples of invented people"),
    (GDPR, "Art. 15(1), (3)", "Access of one person to what is held on them",
     "check", "not here, as no person is: the command workbench subject export gives it"),
    (GDPR, "Art. 22(1), (3)", "Whether it decides about people, and how to contest it",
     "card", "out of scope; the effect of removing one event is in the examples"),
    (GDPR, "Art. 22(4)", "Special categories of data in a decision",
     "card", "each attribute: whether the engine may read it, and whether it does"),
    (NIST, "1.1, 2.1", "Metrics, test data and tools are chosen and written down",
     "models", "definitions, split, seeds and versions"),
    (NIST, "2.3, 2.5", "It performs, and how far that carries",
     "limits", "intervals over people, small histories, and limits"),
    (NIST, "2.8, 2.9", "It is transparent, and explained",
     "inside", "shares of scores and the quality of explanations"),
    (NIST, "2.10", "Privacy",
     "leakage", "what lists give away of the people they are for"),
    (NIST, "2.11", "Fairness and bias",
     "people", "by group; as a decision; by kind of item"),
    (NIST, "2.13", "The measuring itself is measured",
     "check", "every figure can be computed again"),
    (NIST, "3.1", "Risks are followed over time",
     "changes", "what changed since the previous report"),
)  # fmt: skip
"""Source, where in it, what it asks about, the section that informs it, and what is there."""


def checklist(present: Collection[str]) -> list[dict[str, str | None]]:
    """The rows; ``section`` is null where this report does not have it."""
    return [
        {
            "source": source, "where": where, "asks": asks,
            "section": section if section in present else None,
            "informs": informs if section in present else "nothing in this report",
        }
        for source, where, asks, section, informs in CHECKLIST
    ]  # fmt: skip
