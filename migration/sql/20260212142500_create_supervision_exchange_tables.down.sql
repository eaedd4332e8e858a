DROP TABLE circle_members;
DROP TABLE supervision_circles;
DROP TABLE supervision_relationships;
DROP TABLE practitioner_profiles;
