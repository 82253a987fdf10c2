#ifndef BARDO_BUILDER_IGNORE_STEPS_H
#define BARDO_BUILDER_IGNORE_STEPS_H

#include <stdbool.h>
#include <stdint.h>

struct ignore_pattern;

/* What a pattern is made of, between its parser and its matcher. */

/* Characters that no path holds. */
#define IGNORE_NO_CHAR UINT32_MAX	 /* none: before the first, after the last */
#define IGNORE_ANY_CHAR (UINT32_MAX - 1) /* some character that isn't known yet */
#define IGNORE_CHAR_LAST (UINT32_MAX - 2)
/* Plus a byte that is no UTF-8: equal to itself alone. */
#define IGNORE_INVALID_BYTE 0x110000

enum step_kind {
	STEP_CHAR,     /* this character */
	STEP_ONE_BUT,  /* one character that isn't it */
	STEP_MANY_BUT, /* any number of characters that aren't it */
	STEP_CLASS,    /* one character of its ranges, or none of them */
	STEP_OPTIONAL, /* nothing: the next step, STEP_FOLDERS, may be left out */
	STEP_FOLDERS,  /* characters that aren't it, up to and with a "/" */
	STEP_ASSERT,   /* nothing: it must be the start, the end, a word's edge */
};

struct ignore_step {
	uint8_t kind; /* enum step_kind */
	bool negated;
	uint16_t ranges_len;
	uint32_t value; /* a character, or the class's first range */
};

/* The character at *p, which it moves behind it: UTF-8, or one byte that is none. */
uint32_t ignore_next_char(const char **p);
bool ignore_is_word(uint32_t c);

/* Fills p->steps, which has room for one step a byte of text, and makes p->ranges. NULL,
 * or what is wrong (ignore_pattern_init). */
const char *ignore_parse(struct ignore_pattern *p, const char *text);

#define IGNORE_OUT_OF_MEMORY "needs more memory than there is"

#endif
