#include "tests/unit/scene.h"

#include <dirent.h>
#include <errno.h>
#include <sys/wait.h>

/* ---- entries ---- */

static void gives_files_links_and_folders_as_git_has_them(void **state)
{
	struct scene *s = *state;
	struct source_options o;

	commit(s,
		"echo FROM scratch >Dockerfile; mkdir -p a/b; printf hi >a/b/c\n"
		": >empty; ln -s a/b/c link; ln -s /etc/passwd absolute\n"
		"printf x >run; chmod 750 run; chmod 600 empty");
	o = options(s);
	expect_listing(&o,
		"100644 Dockerfile 13\n"
		"40755 a/\n"
		"40755 a/b/\n"
		"100644 a/b/c 2\n"
		"120777 absolute -> /etc/passwd\n"
		"100644 empty 0\n"
		"120777 link -> a/b/c\n"
		"100755 run 1\n");
	expect_same_tree(s, &o);
}

static void keeps_long_and_foreign_names(void **state)
{
	struct scene *s = *state;
	struct source_options o;

	commit(s,
		"echo FROM scratch >Dockerfile\n"
		"l=$(printf 'x%.0s' $(seq 200)); mkdir -p $l/$l\n"
		"echo 1 >$l/$l/$l; ln -s $l/$l/$l link; ln -s $l/$l/$l $l/$l/link\n"
		"mkdir 'caf\303\251'; echo 2 >'caf\303\251/\342\230\272'\n"
		"echo 3 >'no utf-8 \351'; ln -s '\351' '\352'; echo 4 >'new\nline'\n"
		"echo 5 >'-rf'; echo 6 >' '; echo 7 >'\"\\'");
	o = options(s);
	expect_same_tree(s, &o);
}

static void gives_every_byte_of_every_size(void **state)
{
	struct scene *s = *state;
	struct source_options o;

	commit(s,
		"echo FROM scratch >Dockerfile\n"
		"for n in 1 511 512 513 65535 65536 65537 4194303 4194304 4194305 "
		"6000000; do head -c $n /dev/urandom >f$n; done");
	o = options(s);
	expect_same_tree(s, &o);
	/* And the same from a pack. */
	run_script(s->dir, "cd repo; git repack -adq; git prune-packed", NULL, 0);
	expect_same_tree(s, &o);
}

static void gives_the_same_tar_again(void **state)
{
	struct scene *s = *state;
	struct source_options o;

	commit(s, "echo FROM scratch >Dockerfile; mkdir a; echo x >a/x; echo y >y");
	o = options(s);
	write_tar(s, &o);
	run_script(s->dir, "mv out.tar first.tar", NULL, 0);
	write_tar(s, &o);
	run_script(s->dir, "cmp first.tar out.tar", NULL, 0);
}

static void tells_the_tree_and_the_time(void **state)
{
	struct scene *s = *state;
	struct source_options o;
	struct source *source;
	char tree[64];

	commit(s, "mkdir web; echo FROM scratch >web/Dockerfile");
	run_script(s->dir, "cd repo; git rev-parse HEAD:web", tree, sizeof(tree));
	tree[strcspn(tree, "\n")] = '\0';
	o = options(s);
	o.dir = "web";
	assert_int_equal(source_open(&source, &o, NULL), 0);
	assert_string_equal(source_tree(source), tree);
	assert_int_equal(source_time(source), 1700000000);
	assert_int_equal(source_bytes(source), 0);
	source_close(source);
}

/* ---- folder and Dockerfile ---- */

static void takes_a_folder_as_the_context(void **state)
{
	static const char *const names[] = {"web", "./web/", "/web", "x/../web//"};
	struct scene *s = *state;
	struct source_options o;

	commit(s,
		"mkdir -p web/src; echo FROM scratch >web/Dockerfile\n"
		"echo x >web/src/x; echo y >y; echo '*' >.dockerignore\n"
		"echo '**/x' >web/.dockerignore");
	o = options(s);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		o.dir = names[i];
		expect_paths(&o, ".dockerignore Dockerfile src/");
	}
}

static void says_what_is_missing(void **state)
{
	struct scene *s = *state;
	struct source_options o;

	commit(s,
		"mkdir web; echo x >web/x; ln -s ../x out; ln -s loop loop; ln -s /x "
		"abs");
	o = options(s);
	expect_failure(&o, ERR_NOTFOUND, "has no file Dockerfile: commit one");
	o.dir = "web";
	expect_failure(&o, ERR_NOTFOUND, "has no file Dockerfile in web: commit one");
	o.dir = "api";
	expect_failure(&o, ERR_NOTFOUND, "has no folder api");
	o.dir = "..";
	expect_failure(&o, ERR_NOTFOUND, "has no folder ..");
	o.dir = "web/x";
	expect_failure(&o, ERR_NOTFOUND, "has no folder web/x");
	o.dir = "";
	o.dockerfile = "web";
	expect_failure(&o, ERR_NOTFOUND, "has no file web");
	o.dockerfile = "out";
	expect_failure(&o, ERR_NOTFOUND, "has no file out");
	o.dockerfile = "abs";
	expect_failure(&o, ERR_NOTFOUND, "has no file abs");
	o.dockerfile = "loop";
	expect_failure(&o, ERR_NOTFOUND, "has no file loop");
	o.commit = "0123456789012345678901234567890123456789";
	expect_failure(&o, ERR_NOTFOUND, "commit 012345678901 is not in the repository");
	o.repository = "/nonexistent";
	expect_failure(&o, ERR_FAILED, "/nonexistent");
}

static void reads_single_files_through_links(void **state)
{
	struct scene *s = *state;
	struct source_options o;
	struct source *source;
	struct err e = {0};
	struct buf b;

	commit(s,
		"mkdir -p docker/prod; echo FROM a >docker/prod/Dockerfile\n"
		"ln -s docker/link Dockerfile; ln -s ./prod/../prod/Dockerfile "
		"docker/link");
	o = options(s);
	assert_int_equal(source_open(&source, &o, &e), 0);
	buf_init(&b, 7);
	assert_int_equal(source_file(source, "Dockerfile", &b, &e), 0);
	assert_string_equal(buf_text(&b), "FROM a\n");
	buf_finish(&b);
	buf_init(&b, 6);
	assert_int_equal(source_file(source, "Dockerfile", &b, &e), ERR_FAILED);
	assert_non_null(strstr(e.msg, "more than 6 bytes"));
	assert_int_equal(source_file(source, "x", &b, &e), ERR_NOTFOUND);
	assert_int_equal(source_file(source, "docker", &b, &e), ERR_NOTFOUND);
	assert_int_equal(source_file(source, "../x", &b, &e), ERR_NOTFOUND);
	buf_finish(&b);
	source_close(source);
}

/* ---- ignore files ---- */

static void applies_dockerignore(void **state)
{
	struct scene *s = *state;
	struct source_options o;

	commit(s,
		"mkdir -p src/lib/deep docs; echo FROM scratch >Dockerfile\n"
		"echo x >src/lib/deep/x.go; echo x >src/lib/y.c; echo x >docs/x.md\n"
		"printf '*\\n!**/*.go\\n' >.dockerignore");
	o = options(s);
	/* The folders on the way to an exception come with it. */
	expect_paths(&o, "Dockerfile src/ src/lib/ src/lib/deep/ src/lib/deep/x.go");
	o.classic = true;
	expect_paths(&o,
		".dockerignore Dockerfile src/ src/lib/ src/lib/deep/ "
		"src/lib/deep/x.go");
}

static void never_leaves_the_dockerfile_out(void **state)
{
	struct scene *s = *state;
	struct source_options o;

	commit(s,
		"mkdir -p docker/x; echo FROM scratch >docker/x/Dockerfile; echo y >y\n"
		"ln -s docker/x/Dockerfile Dockerfile; echo z >docker/z\n"
		"echo '*' >.dockerignore");
	o = options(s);
	expect_paths(&o, "Dockerfile docker/ docker/x/ docker/x/Dockerfile");
	o.dockerfile = "./docker//x/Dockerfile";
	expect_paths(&o, "docker/ docker/x/ docker/x/Dockerfile");
}

static void prefers_the_ignore_file_of_its_dockerfile(void **state)
{
	struct scene *s = *state;
	struct source_options o;

	commit(s,
		"echo FROM scratch >Dockerfile; cp Dockerfile prod; echo x >x; echo y "
		">y\n"
		"echo x >.dockerignore; echo y >prod.dockerignore");
	o = options(s);
	expect_paths(&o, ".dockerignore Dockerfile prod prod.dockerignore y");
	o.dockerfile = "prod";
	expect_paths(&o, ".dockerignore Dockerfile prod prod.dockerignore x");
}

static void names_a_malformed_line(void **state)
{
	struct scene *s = *state;
	struct source_options o;

	commit(s, "echo FROM scratch >Dockerfile; printf 'x\\n[a\\n' >.dockerignore");
	o = options(s);
	expect_failure(&o, ERR_USAGE, ".dockerignore: line 2: the pattern [a ");
}

/* ---- what can't be built ---- */

/* Something that only its name says to be a commit of another repository. */
#define SUBMODULE                                                                        \
	"git update-index --add --cacheinfo "                                            \
	"160000,0123456789012345678901234567890123456789,vendor/lib; mkdir -p "          \
	"vendor/lib\n"
#define LFS_POINTER                                                                      \
	"printf 'version https://git-lfs.github.com/spec/v1\\noid sha256:01\\nsize "     \
	"9\\n' >big.bin\n"

static void refuses_submodules(void **state)
{
	struct scene *s = *state;
	struct source_options o;
	struct source *source;

	commit(s, "echo FROM scratch >Dockerfile; echo x >.gitmodules\n" SUBMODULE);
	o = options(s);
	/* Before anything is built, since .gitmodules is there. */
	assert_int_equal(source_open(&source, &o, NULL), ERR_FAILED);
	expect_failure(&o, ERR_FAILED, "vendor/lib is a submodule");
	run_script(s->dir, "rm -rf repo", NULL, 0);
	commit(s, "echo FROM scratch >Dockerfile\n" SUBMODULE);
	assert_int_equal(source_open(&source, &o, NULL), 0);
	source_close(source);
	expect_failure(&o, ERR_FAILED, "vendor/lib is a submodule");
}

static void refuses_lfs_pointers(void **state)
{
	struct scene *s = *state;
	struct source_options o;
	struct source *source;

	commit(s,
		"echo FROM scratch >Dockerfile\n"
		"echo '*.bin filter=lfs diff=lfs merge=lfs -text' >.gitattributes\n"
		"git config filter.lfs.clean cat\n" LFS_POINTER);
	o = options(s);
	assert_int_equal(source_open(&source, &o, NULL), ERR_FAILED);
	expect_failure(&o, ERR_FAILED, "big.bin is a Git LFS pointer");
	run_script(s->dir, "rm -rf repo", NULL, 0);
	commit(s, "echo FROM scratch >Dockerfile\n" LFS_POINTER);
	o = options(s);
	assert_int_equal(source_open(&source, &o, NULL), 0);
	source_close(source);
	expect_failure(&o, ERR_FAILED, "big.bin is a Git LFS pointer");
}

static void lets_ignored_ones_pass(void **state)
{
	struct scene *s = *state;
	struct source_options o;

	commit(s,
		"echo FROM scratch >Dockerfile; echo x >.gitmodules\n" SUBMODULE
			LFS_POINTER
		"echo '* filter=lfs' >.gitattributes; git config filter.lfs.clean cat\n"
		"printf 'vendor\\n*.bin\\n.git*\\n.dockerignore\\n' >.dockerignore");
	o = options(s);
	expect_paths(&o, "Dockerfile");
}

/* What docker build in a checkout would send. */
static void does_not_heed_export_ignore(void **state)
{
	struct scene *s = *state;
	struct source_options o;

	commit(s,
		"echo FROM scratch >Dockerfile; echo '* export-ignore' >.gitattributes");
	o = options(s);
	expect_paths(&o, ".gitattributes Dockerfile");
}

/* ---- repositories ---- */

static void sees_quarantined_objects_from_the_environment(void **state)
{
	struct scene *s = *state;
	struct source_options o;
	char objects[128], alternate[128];

	commit(s, "echo FROM scratch >Dockerfile; head -c 5000000 /dev/urandom >big");
	(void)snprintf(objects, sizeof(objects), "%s/incoming", s->git);
	(void)snprintf(alternate, sizeof(alternate), "%s/objects", s->git);
	run_script(s->git, "mv objects incoming; mkdir objects", NULL, 0);
	o = options(s);
	expect_failure(&o, ERR_NOTFOUND, "is not in the repository");
	assert_int_equal(setenv("GIT_DIR", s->git, 1), 0);
	assert_int_equal(setenv("GIT_OBJECT_DIRECTORY", objects, 1), 0);
	assert_int_equal(setenv("GIT_ALTERNATE_OBJECT_DIRECTORIES", alternate, 1), 0);
	o.repository = NULL;
	expect_same_tree(s, &o);
	(void)unsetenv("GIT_DIR");
	(void)unsetenv("GIT_OBJECT_DIRECTORY");
	(void)unsetenv("GIT_ALTERNATE_OBJECT_DIRECTORIES");
}

static void reads_a_repository_of_another_user(void **state)
{
	struct scene *s = *state;
	struct source_options o;

	if (geteuid() != 0)
		skip();
	commit(s, "echo FROM scratch >Dockerfile; head -c 5000000 /dev/urandom >big");
	run_script(s->dir, "chown -R 65534 repo", NULL, 0);
	o = options(s);
	expect_same_tree(s, &o);
}

static void follows_no_replacement_of_an_object(void **state)
{
	struct scene *s = *state;
	struct source_options o;

	commit(s, "echo FROM scratch >Dockerfile; head -c 5000000 /dev/urandom >big");
	run_script(s->dir,
		"cd repo; git replace -f $(git rev-parse HEAD:big) "
		"$(git rev-parse HEAD:Dockerfile)",
		NULL, 0);
	o = options(s);
	expect_same_tree(s, &o);
}

static void says_that_git_failed(void **state)
{
	struct scene *s = *state;
	struct source_options o;

	commit(s, "echo FROM scratch >Dockerfile; head -c 5000000 /dev/urandom >big");
	run_script(s->dir,
		"cd repo; h=$(git rev-parse HEAD:big); d=${h%${h#??}}\n"
		"f=.git/objects/$d/${h#??}; chmod u+w $f; truncate -s 1000000 $f",
		NULL, 0);
	o = options(s);
	expect_failure(&o, ERR_FAILED, "big: git cat-file blob ");
}

static size_t count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	(void)closedir(d);
	return n;
}

static void leaves_nothing_behind_when_it_is_closed_half_way(void **state)
{
	struct scene *s = *state;
	size_t fds = count_fds();
	struct source_options o;
	struct source *source;
	char chunk[1000];

	commit(s, "echo FROM scratch >Dockerfile; head -c 9000000 /dev/urandom >big");
	o = options(s);
	assert_int_equal(source_open(&source, &o, NULL), 0);
	while (source_bytes(source) < 1000000)
		assert_true(source_read(source, chunk, sizeof(chunk), NULL) > 0);
	source_close(source);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	assert_int_equal(count_fds(), fds);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(gives_files_links_and_folders_as_git_has_them),
		CASE(keeps_long_and_foreign_names),
		CASE(gives_every_byte_of_every_size),
		CASE(gives_the_same_tar_again),
		CASE(tells_the_tree_and_the_time),
		CASE(takes_a_folder_as_the_context),
		CASE(says_what_is_missing),
		CASE(reads_single_files_through_links),
		CASE(applies_dockerignore),
		CASE(never_leaves_the_dockerfile_out),
		CASE(prefers_the_ignore_file_of_its_dockerfile),
		CASE(names_a_malformed_line),
		CASE(refuses_submodules),
		CASE(refuses_lfs_pointers),
		CASE(lets_ignored_ones_pass),
		CASE(does_not_heed_export_ignore),
		CASE(sees_quarantined_objects_from_the_environment),
		CASE(reads_a_repository_of_another_user),
		CASE(follows_no_replacement_of_an_object),
		CASE(says_that_git_failed),
		CASE(leaves_nothing_behind_when_it_is_closed_half_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
