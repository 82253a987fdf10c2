#ifndef BARDO_BARDOD_REACH_H
#define BARDO_BARDOD_REACH_H

struct err;
struct programs;
struct settings;

/* Checks that each user reaches what it will need, so that a folder that is closed to one
 * of them is a message at the start and not a connection that breaks. ERR_DENIED or
 * ERR_NOTFOUND name user, path, the folder that is in the way, and what to mend. */

/* The programs and the settings file, before anything is run. */
int reach_programs(const struct programs *p, struct err *err);

/* server.data, once it is prepared. */
int reach_data(const struct programs *p, const struct settings *s, struct err *err);

#endif
