"""Training of K members as one program: every tensor has the members as its first axis.

Charter: the mathematics of CTGAN and TVAE (Xu et al., "Modeling Tabular Data using Conditional
GAN", NeurIPS 2019, arXiv 1907.00503) as the `ctgan` package has it, with gradients written out by
hand, so that a step does no work that is thrown away and allocates little. On a CPU K is 1 and
members run side by side in processes; on a GPU one kernel serves all members. Not here: tables and
their encoding, files, processes.

Symbols: K members, B rows of a batch, D encoded columns, C levels of all discrete columns, m = B /
pac.
"""
