delete from work_surveys;
insert into work_surveys
select s.day, w.person, s.survey, s.question, s.score, s.scale_max
from raw_survey_answers s
join whom w on w.reference = s.respondent and w.email = ''
where not s.gone
order by 1;
