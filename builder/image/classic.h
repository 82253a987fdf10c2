#ifndef BARDO_BUILDER_CLASSIC_H
#define BARDO_BUILDER_CLASSIC_H

#include <stdbool.h>

struct err;
struct steps;

/*
 * The output of the Engine's classic builder ("Step 2/5 : RUN make", " ---> Using cache")
 * and of podman's ("STEP 2/5: RUN make") as steps. What a program writes stands between
 * those lines and can't be told from them by anything but their form.
 */
struct classic;

/* steps is borrowed until classic_destroy. */
int classic_create(struct classic **out, struct steps *steps, struct err *err);
void classic_destroy(struct classic *c);

/* The text of a `stream` message: a piece of a line, or several. */
int classic_text(struct classic *c, const char *text, struct err *err);

/* The step under way has failed. */
void classic_fail(struct classic *c, const char *message);

/* The stream is over, and so is the last step if it is complete. */
void classic_end(struct classic *c, bool complete);

#endif
