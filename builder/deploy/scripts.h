#ifndef BARDO_BUILDER_DEPLOY_SCRIPTS_H
#define BARDO_BUILDER_DEPLOY_SCRIPTS_H

struct err;
struct passage;

/* Runs a script of the plan ("predeploy", "release", "verify", "postdeploy", "first")
 * in a container of its own: the life's image, environment, volumes and networks. verify
 * is told VERIFY_URL, where the candidate's web.1 listens, and VERIFY_LIFE. What it
 * prints is said. Nothing is left of it, but where the Engine is away. No such script: 0.
 * ERR_FAILED: "release failed: exited with 1". */
int passage_run_script(struct passage *p, const char *name, struct err *err);

#endif
