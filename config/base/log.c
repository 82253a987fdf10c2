#include "config/base/log.h"

#include "config/base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOG_LINE_MAX 2048
#define CUT "\xe2\x80\xa6"

static const char *program = "bardo";
static int descriptor = STDERR_FILENO;
static void (*filter_text)(void *ctx, char *text, size_t size);
static void *filter_ctx;

void log_to(int fd)
{
	descriptor = fd;
}

int log_descriptor(void)
{
	return descriptor;
}

void log_name(const char *name)
{
	program = name;
}

void log_filter(void (*filter)(void *ctx, char *text, size_t size), void *ctx)
{
	filter_text = filter;
	filter_ctx = ctx;
}

/* The message behind the line's head, at most size with its NUL; its length. */
static int __attribute__((format(printf, 3, 0)))
write_message(char *out, size_t size, const char *fmt, va_list ap)
{
	int n = vsnprintf(out, size, fmt, ap);

	/* A cut message says so, also to the filter. */
	if (n >= (int)size)
		(void)snprintf(out + size - sizeof(CUT), sizeof(CUT), CUT);
	if (filter_text)
		filter_text(filter_ctx, out, size);
	return (int)strlen(out);
}

static void __attribute__((format(printf, 2, 0)))
log_line(const char *level, const char *fmt, va_list ap)
{
	char line[LOG_LINE_MAX];
	char when[CLOCK_TEXT_MAX];
	int n;

	clock_format(clock_unix_ms(), when);
	n = snprintf(
		line, sizeof(line), "%s %s[%d]: %s", when, program, (int)getpid(), level);
	n += write_message(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
	/* A stranger's bytes may be in there: keep one message one line. */
	for (int i = 0; i < n; i++) {
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	}
	line[n++] = '\n';
	if (write(descriptor, line, (size_t)n) < 0)
		return;
}

void log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line("", fmt, ap);
	va_end(ap);
}

void log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line("warning: ", fmt, ap);
	va_end(ap);
}
