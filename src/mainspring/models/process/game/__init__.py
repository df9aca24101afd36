"""The token game: one file for each family of elements, by the execution semantics of BPMN 2.0.2, chapter 13."""
