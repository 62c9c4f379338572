"""The rules in the order of a run: cheap and telling ones first."""

from veeam_contracts.judging import rules_of_access, rules_of_conduct
from veeam_contracts.judging.rule import Rule

__all__ = ["BY_ID", "ORDER", "RULES", "Rule"]

RULES: tuple[Rule, ...] = (*rules_of_access.RULES, *rules_of_conduct.RULES)
BY_ID = {rule.id: rule for rule in RULES}
ORDER = {rule.id: index for index, rule in enumerate(RULES)}
