"""Operations of other documents: what `--also` names is read, routed, checked and answered here."""
