//! How the tables come to be.
