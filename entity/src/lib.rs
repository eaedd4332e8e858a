//! The tables and views of the four systems, one file per table, no logic.
