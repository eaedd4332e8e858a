DROP TABLE ref_medications;
