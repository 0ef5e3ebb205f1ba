-- Version 20: how much of a day's limit of texts was used, by the hour, so that a restart forgets none of it.

CREATE TABLE text_hours (
  name TEXT NOT NULL,              -- whose limit: a number's, a campaign's or a brand's, and of which carrier; no word of a patient
  hour INTEGER NOT NULL,           -- hours since 1970
  segments INTEGER NOT NULL,       -- as many may have gone: it is raised before they do
  PRIMARY KEY (name, hour)
) WITHOUT ROWID;
