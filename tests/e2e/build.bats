#!/usr/bin/env bats
# From a commit's tree to an image: what the build sees, and what the pusher does.

setup_file() {
	load lib
	server_start
}
teardown_file() {
	load lib
	server_remove
}
teardown() {
	gate_release
}
setup() {
	load lib
	server_as_usual
}

# A Dockerfile that takes everything and lists it on the page, a line each:
# "mode path" or "link path -> target", with the size of files.
lister() {
	new_app_repo "$1"
	cat >Dockerfile <<-'END'
		FROM busybox
		COPY . /ctx
		RUN cd /ctx && find . -mindepth 1 | sort | while IFS= read -r f; do \
			if [ -L "$f" ]; then echo "link $f -> $(readlink "$f")"; \
			else echo "$(stat -c %a "$f") $f $(stat -c %s "$f")"; fi; \
			done >/list
		RUN mkdir /www && mv /list /www/index.html && cp /ctx/start /start
		CMD ["/start"]
	END
}
commit() {
	git add -A
	git commit -q -m 'More files'
}
assert_listed() {
	output=$(page "$APP") status=0
	local pattern
	for pattern in "$@"; do
		assert_output "$pattern"
	done
}

# ---- what arrives ----

@test "modes, links, empty files and long or foreign names arrive as they were committed" {
	lister tree
	long=$(printf 'long-%.0s' $(seq 40))
	mkdir -p "deep/$long"
	echo x >"deep/$long/$long.txt"
	echo run >tool && chmod 755 tool
	echo plain >plain && chmod 600 plain
	: >empty
	ln -s deep/nowhere dangling
	ln -s tool link
	echo ü >'Übergröße 名前.txt'
	commit
	run push
	assert_success
	assert_listed '^755 \./tool 4$' '^644 \./plain 6$' '^644 \./empty 0$' \
		'^link \./dangling -> deep/nowhere$' '^link \./link -> tool$' \
		"^644 \\./deep/$long/$long\\.txt 2\$" '^644 \./Übergröße 名前\.txt 3$'
}

@test "git's own folder is not in the build" {
	lister nogit
	commit
	run push
	assert_success
	run page "$APP"
	refute_output '\.git/'
}

@test "a file of 64 MB arrives whole" {
	new_app_repo large
	head -c 64M /dev/urandom >blob
	sum=$(sha256sum <blob | cut -d ' ' -f 1)
	dockerfile 'FROM busybox' 'COPY start blob /' \
		'RUN mkdir /www && sha256sum </blob >/www/index.html && rm /blob' 'CMD ["/start"]'
	run push
	assert_success
	run page "$APP"
	assert_output "^$sum"
}

@test ".dockerignore keeps files out as docker build does" {
	lister ignored
	mkdir -p docs/deep logs
	touch docs/a.md docs/deep/b.md docs/keep.md logs/x.log top.md secret.env
	printf '%s\n' '# comment' '' '**/*.md' '!docs/keep.md' 'logs' 'secret.*' >.dockerignore
	commit
	run push
	assert_success
	assert_listed ' \./docs/keep\.md '
	refute_output 'a\.md|b\.md|top\.md|logs|secret'
}

@test "a Dockerfile that .dockerignore names still builds" {
	lister hides
	printf '%s\n' Dockerfile .dockerignore >.dockerignore
	commit
	run push
	assert_success
	assert_listed ' \./start '
}

@test "a submodule is named in the rejection" {
	new_app_repo submodule
	git update-index --add --cacheinfo "160000,$(git rev-parse HEAD),vendor/lib"
	git commit -q -m 'A submodule'
	run push
	assert_status 1
	assert_output 'vendor/lib'
	assert_output 'submodule'
}

@test "a Git LFS pointer is named in the rejection" {
	new_app_repo pointer
	mkdir assets
	printf '%s\n' 'version https://git-lfs.github.com/spec/v1' \
		"oid sha256:$(printf 'a%.0s' $(seq 64))" 'size 12345' >assets/film.mp4
	commit
	run push
	assert_status 1
	assert_output 'assets/film\.mp4'
	assert_output 'LFS'
}

# ---- the builder ----

@test "steps are shown while they run, with their output" {
	new_app_repo steps
	dockerfile 'FROM busybox' 'RUN echo compiling the parser' 'COPY start /start' \
		'COPY www /www' 'CMD ["/start"]'
	run push
	assert_success
	assert_output 'remote: .*compiling the parser'
}

@test "a page that changes leaves the layers before it in the cache" {
	new_app_repo cached
	gate_start
	dockerfile 'FROM busybox' "RUN $GATE" 'COPY start /start' 'COPY www /www' \
		'CMD ["/start"]'
	push_in_background
	gate_wait
	gate_release
	push_result
	assert_success
	# Nobody is at the gate now: a step that ran again would say so on the page.
	run deploy_version 2
	assert_success
	assert_equal "$(page "$APP")" 'version 2'
	run ssh_bardo lives:log "$APP" 2
	assert_output '[Cc][Aa][Cc][Hh][Ee][Dd]|cache'
}

@test "a tree that was built before is not built again" {
	new_app_repo twice
	run push
	assert_success
	run deploy_version 2
	assert_success
	git revert --no-edit HEAD >/dev/null
	run push
	assert_success
	assert_equal "$(page "$APP")" 'version 1'
	assert_equal "$(life "$APP" 0 image)" "$(life "$APP" 2 image)"
	[ "$(life "$APP" 0 tag)" != "$(life "$APP" 2 tag)" ]
}

@test "ps:rebuild builds the live commit again under a new tag" {
	new_app_repo rebuilt
	run push
	assert_success
	tag=$(life "$APP" 0 tag)
	run ssh_bardo ps:rebuild "$APP" --no-cache
	assert_success
	assert_equal "$(life "$APP" 0 life)" 2
	assert_equal "$(life "$APP" 0 tag)" "$tag-2"
	assert_equal "$(life "$APP" 0 commit)" "$(git rev-parse HEAD)"
	assert_equal "$(page "$APP")" 'version 1'
}

@test "the classic builder serves where it is asked for" {
	server_with -c build.builder=classic
	new_app_repo classic
	run push
	assert_success
	assert_equal "$(page "$APP")" 'version 1'
	dockerfile 'FROM busybox' 'RUN echo odd words >&2; exit 9'
	run push
	assert_status 1
	assert_output 'remote rejected.*build failed.*9'
	assert_output 'odd words'
}

@test "build.dockerfile and build.dir say where to build" {
	server_with -c build.dir=services/web -c build.dockerfile=Dockerfile.prod
	new_app_repo subfolder
	mkdir -p services/web
	git mv start www services/web
	git mv Dockerfile services/web/Dockerfile.prod
	commit
	run push
	assert_success
	assert_equal "$(page "$APP")" 'version 1'
}

@test "a build that takes longer than build.timeout is stopped" {
	server_with -c build.timeout=2s
	new_app_repo slow
	gate_start
	dockerfile 'FROM busybox' "RUN $GATE" 'CMD ["true"]'
	run push
	gate_release
	assert_status 1
	assert_output 'remote rejected.*(timeout|longer|took|2 s)'
	assert_equal "$(things_of "$APP")" ''
}

@test "an image that can't be pulled is named" {
	new_app_repo nosuchimage
	dockerfile 'FROM localhost:1/no/such:image' 'CMD ["true"]'
	run push
	assert_status 1
	assert_output 'remote rejected.*localhost:1/no/such:image'
}

@test "a stage of the same Dockerfile is not pulled" {
	new_app_repo stages
	dockerfile 'ARG BASE=busybox' 'FROM ${BASE} AS made' 'RUN echo made >/made' \
		'FROM busybox' 'COPY --from=made /made /www/index.html' 'COPY start /start' \
		'CMD ["/start"]'
	run push
	assert_success
	assert_equal "$(page "$APP")" made
}

@test "a server with too little space refuses the push" {
	server_with -c build.min-free=100000g
	new_app_repo full
	run push
	assert_status 1
	assert_output 'disk.*build\.min-free'
	assert_output 'remote rejected'
	run ssh_bardo apps:exists "$APP"
	assert_status 4
}
