DROP TABLE integration_scores;
DROP TABLE integration_homework;
DROP TABLE ref_homework_types;
