#include "receiver/dispatch/command.h"

#include <stdio.h>
#include <string.h>

/* What Dokku's documentation has and bardo hasn't, and what to do instead: fingers and
 * scripts that know Dokku are told, not left with "there is no such thing". By command,
 * a command's option, a property of a FAMILY:set, or a whole family. */

static const struct {
	const char *what;
	const char *instead;
} known[] = {
	{"builder-dockerfile:set appjson-path", "app-json:set APP appjson-path"},
	{"builder-herokuish", "bardo builds Dockerfiles alone"},
	{"builder-lambda", "bardo builds Dockerfiles alone"},
	{"builder-nixpacks", "bardo builds Dockerfiles alone"},
	{"builder-pack", "bardo builds Dockerfiles alone"},
	{"builder-railpack", "bardo builds Dockerfiles alone"},
	{"builder:detect", "bardo builds Dockerfiles: builder:report shows how"},
	{"builder:set skip-cleanup",
		"each app keeps its newest deploy.keep-images "
		"image tags"},
	{"buildpacks", "bardo builds Dockerfiles alone"},
	{"builds", "`lives APP` lists what was built, lives:log what its deploy printed"},
	{"builds:cancel",
		"Ctrl-C in the push doesn't stop a deploy: it ends by itself "
		"within build.timeout"},
	{"caddy", "HAProxy is in front, and needs no settings: certs, domains, ports"},
	{"certs:info", "certs:report shows it"},
	{"cleanup", "bardo cleans up after each deploy, and when it starts"},
	{"cron",
		"cron of app.json is checked and not run yet: a timer of the host's can "
		"`bardo run APP COMMAND`"},
	{"domains:setup", "domains:add-global"},
	{"events:off", "events are always recorded"},
	{"events:on", "events are always recorded"},
	{"git:allow-host", "bardo fetches nothing: push to it"},
	{"git:auth", "bardo fetches nothing: push to it"},
	{"git:auth-status", "bardo fetches nothing: push to it"},
	{"git:from-archive", "push a repository with a Dockerfile"},
	{"git:from-image", "push a Dockerfile that says FROM that image"},
	{"git:generate-deploy-key", "bardo fetches nothing: push to it"},
	{"git:initialize", "apps:create makes the repository, too"},
	{"git:load-image", "push a Dockerfile that says FROM that image"},
	{"git:public-key", "bardo fetches nothing: push to it"},
	{"git:set archive-max-files", "bardo takes pushes alone"},
	{"git:set archive-max-size", "bardo takes pushes alone"},
	{"git:set keep-git-dir", "a build gets the commit's files, without .git"},
	{"git:set rev-env-var", "lives tells the commit; containers carry it as a label"},
	{"git:set source-image", "push a Dockerfile that says FROM that image"},
	{"git:status", "`lives APP` shows what is under way"},
	{"git:sync", "bardo fetches nothing: push to it"},
	{"git:unlock", "a lock ends with its deploy, whatever becomes of it"},
	{"haproxy", "HAProxy needs no settings: certs, domains, ports"},
	{"letsencrypt", "certs:add brings the certificate of any authority"},
	{"logs:set app-label-alias",
		"the Engine keeps the logs; bardo sends them nowhere"},
	{"logs:set vector-image", "the Engine keeps the logs; bardo sends them nowhere"},
	{"logs:set vector-networks",
		"the Engine keeps the logs; bardo sends them nowhere"},
	{"logs:set vector-sink",
		"the Engine keeps the logs; docker-options:add APP "
		"deploy '--log-driver …' sends them elsewhere"},
	{"logs:vector-logs", "the Engine keeps the logs: logs"},
	{"logs:vector-start", "the Engine keeps the logs: logs"},
	{"logs:vector-stop", "the Engine keeps the logs: logs"},
	{"network:set static-web-listener",
		"the proxy leads to the app's own containers "
		"alone"},
	{"nginx", "HAProxy is in front, and needs no settings: certs, domains, ports"},
	{"openresty",
		"HAProxy is in front, and needs no settings: certs, domains, "
		"ports"},
	{"plugin", "bardo has no plugins"},
	{"proxy:ports", "ports:list"},
	{"proxy:ports-add", "ports:add"},
	{"proxy:ports-clear", "ports:clear"},
	{"proxy:ports-remove", "ports:remove"},
	{"proxy:ports-set", "ports:set"},
	{"ps:restartall", "ps:restart --all"},
	{"ps:rebuildall", "ps:rebuild --all"},
	{"ps:retire",
		"containers of the life before go by themselves, after deploy.drain "
		"and deploy.bake"},
	{"ps:restart-policy", "ps:report shows it"},
	{"ps:scale --all", "ps:scale is for one app"},
	{"ps:set skip-deploy",
		"config:set --no-restart, ps:scale --skip-deploy, "
		"apps:lock"},
	{"ps:set-restart-policy", "ps:set APP restart-policy"},
	{"ps:startall", "ps:start --all"},
	{"ps:stopall", "ps:stop --all"},
	{"registry", "images stay on this machine's Engine"},
	{"repo", "bardo sees to its repositories by itself"},
	{"run --cron-id", "cron of app.json is not run yet"},
	{"run:detached --cron-id", "cron of app.json is not run yet"},
	{"scheduler", "containers run on this machine's Engine"},
	{"scheduler-docker-local", "checks:disable, ps:set and lives do what it has"},
	{"scheduler-k3s", "containers run on this machine's Engine"},
	{"scheduler-nomad", "containers run on this machine's Engine"},
	{"shell", "`ssh deploy@HOST VERB`, one after the other"},
	{"storage:annotations", "they are Kubernetes', and volumes are the Engine's"},
	{"storage:create --access-mode",
		"it is Kubernetes', and volumes are the Engine's"},
	{"storage:create --namespace", "it is Kubernetes', and volumes are the Engine's"},
	{"storage:create --reclaim-policy",
		"it is Kubernetes', and volumes are the Engine's"},
	{"storage:create --chown",
		"an empty volume takes the owner that its place has in "
		"the image; for a folder: storage:ensure-directory"},
	{"storage:create --size", "a volume is as large as the disk"},
	{"storage:create --storage-class-name",
		"it is Kubernetes', and volumes are the Engine's"},
	{"storage:destroy --destroy-host-dir", "a folder of the host is removed there"},
	{"storage:exec", "`run APP COMMAND` has the app's volumes"},
	{"storage:labels", "they are Kubernetes', and volumes are the Engine's"},
	{"storage:migrate", "there is nothing to migrate"},
	{"storage:mount --volume-chown",
		"an empty volume takes the owner that its place "
		"has in the image"},
	{"storage:set", "a volume has nothing to set: storage:unmount, storage:mount"},
	{"storage:wait", "it is Kubernetes', and volumes are there at once"},
	{"tags", "`lives APP` lists the images' tags, lives:revive brings one back"},
	{"tar", "push a repository with a Dockerfile"},
	{"trace",
		"the server's log has what there is: bardod writes it to standard error"},
	{"traefik", "HAProxy is in front, and needs no settings: certs, domains, ports"},
	{"url", "apps:report APP --app-url"},
	{"urls", "domains:report APP"},
};

#define KNOWN (sizeof(known) / sizeof(known[0]))

static const char *find(const char *what, size_t len)
{
	for (size_t i = 0; i < KNOWN; i++) {
		if (strlen(known[i].what) == len && !strncmp(known[i].what, what, len))
			return known[i].instead;
	}
	return NULL;
}

const char *command_elsewhere(const char *verb, const char *part)
{
	const char *instead;
	char both[128];

	if (part) {
		(void)snprintf(both, sizeof(both), "%s %s", verb, part);
		return find(both, strcspn(both, "="));
	}
	instead = find(verb, strlen(verb));
	return instead ? instead : find(verb, strcspn(verb, ":"));
}
