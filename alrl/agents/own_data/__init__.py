"""People's own records, labels and models, as a query reads them.

What a model eats (arrays, frames with gaps, sparse matrices, text, images) is apart from what strategies see: numbers
in which distances mean something. :mod:`~alrl.agents.own_data.records` reads records and aligns columns,
:mod:`~alrl.agents.own_data.features` finds what strategies see, :mod:`~alrl.agents.own_data.model_outputs` asks models
of any kind for probabilities, and :mod:`~alrl.agents.own_data.probability_table` takes those of models elsewhere.
"""
