#ifndef BARDO_SSH_ENDING_H
#define BARDO_SSH_ENDING_H

/* How a command ended, as it wrote it to its status descriptor: a decimal exit status,
 * or "signal NAME" without SIG. */

#define ENDING_TEXT_MAX 32
#define ENDING_SIGNAL_SIZE 16

struct ending {
	int status;			 /* 0 to 255 */
	char signal[ENDING_SIGNAL_SIZE]; /* "" unless a signal ended it */
};

/* ERR_NOTFOUND: the text says nothing of the kind; e is then status ENDING_UNKNOWN. */
#define ENDING_UNKNOWN 255
int ending_parse(struct ending *e, const char *text);

#endif
