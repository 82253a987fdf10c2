#ifndef BARDO_BUILDER_SCHEDULE_H
#define BARDO_BUILDER_SCHEDULE_H

/* When a cron task runs: minute, hour, day of the month, month and day of the week as
 * crontab(5) has them (numbers, names, lists, ranges, steps), or @daily and its kin. */

#define SCHEDULE_MAX 200 /* bytes */

/* NULL if it is one, else what is wrong with it, as one phrase. */
const char *schedule_check(const char *text);

#endif
