"""The key ceremony: the day on which a deployment begins, guided step by step (docs/ceremony.md).

`states` what there is to know · `machine` what follows what, as a table · `answers` reads what people type ·
`texts` what they see · `progress` keeps an unfinished ceremony, sealed · `workshop` makes keys and files ·
`terminal` asks.
"""
