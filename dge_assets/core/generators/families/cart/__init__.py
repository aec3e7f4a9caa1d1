"""Sequential trees: each column drawn from the leaves of a tree on the columns before it.

Charter: `cart` as synthpop does it (Nowok, Raab and Dibben, "synthpop: Bespoke Creation of
Synthetic Data in R", J. Stat. Softw. 74(11), 2016, after Reiter, "Using CART to Generate Partially
Synthetic, Public Use Microdata", J. Off. Stat. 21(3), 2005), on scikit-learn's trees and a
modelling frame. Not here: gaps, ids, grids and bounds, which are the codec's.

Symbols: n rows, p columns of the modelling frame.
"""
