#!/usr/bin/env bats
# Docker's own options, and limits: what is set is what the containers have.

setup_file() {
	load lib
	server_start
	export BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	new_key owner
	ssh_bardo users:add owner --create
	ssh_bardo ssh-keys:add owner <"$CLIENT/owner.pub"
	new_app_repo fit
	dockerfile 'FROM busybox' 'ARG FLAVOUR=plain' 'RUN echo $FLAVOUR >/flavour' \
		'COPY start /start' 'COPY www /www' 'CMD ["/start"]'
	ssh_bardo apps:create "$APP"
	ssh_bardo acl:grant owner "$APP" owner
	ssh_bardo docker-options:add "$APP" build --build-arg FLAVOUR=mint
	ssh_bardo docker-options:add "$APP" deploy,run '"--shm-size 32m"' \
		--ulimit nofile=1000:2000
	ssh_bardo docker-options:add --process web "$APP" deploy --add-host db:10.0.0.9 --init
	ssh_bardo docker-options:add "$APP" deploy --process worker --hostname other
	ssh_bardo docker-options:add "$APP" run --hostname other
	ssh_bardo resource:limit --memory 96 --cpu 0.5 "$APP"
	ssh_bardo resource:limit --memory 128m --process-type web "$APP"
	ssh_bardo resource:reserve --memory 64m --cpu 0.5 "$APP"
	push
	export FIT=$APP
}
teardown_file() {
	load lib
	server_remove
}
setup() {
	load lib
	use_git
	APP=$FIT
}

serving() { # the container that does
	echo "bardo.$APP.web.$(live_life "$APP" life).1"
}
has() { # GO TEMPLATE, of the container that serves
	docker inspect -f "$1" "$(serving)"
}

@test "options are what docker inspect shows and the program sees" {
	assert_equal "$(has '{{.HostConfig.ShmSize}} {{.HostConfig.Init}}')" '33554432 true'
	assert_equal "$(has '{{.HostConfig.ExtraHosts}}')" '[db:10.0.0.9]'
	assert_equal "$(has '{{.Config.Hostname}}' | grep -c other || true)" 0
	run docker exec "$(serving)" \
		sh -c 'grep "open files" /proc/1/limits; grep "10.0.0.9.*db" /etc/hosts'
	assert_output '^Max open files +1000 +2000'
	assert_output '^10.0.0.9.*db'
}

@test "limits and reservations are the container's, a process type's own before all" {
	assert_equal "$(has '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}')" \
		'134217728 500000000'
	assert_equal "$(has '{{.HostConfig.MemoryReservation}} {{.HostConfig.CpuShares}}')" \
		'67108864 512'
}

@test "build options reach the build, and another value builds again" {
	run docker exec "$(serving)" cat /flavour
	assert_equal "$output" mint
	assert_equal "$(ssh_bardo docker-options:list "$APP" --phase build)" \
		'--build-arg FLAVOUR=mint'
	ssh_bardo docker-options:remove "$APP" build --build-arg=FLAVOUR=mint
	ssh_bardo docker-options:add "$APP" build --build-arg "'FLAVOUR=cherry pie'"
	cd "$BATS_FILE_TMPDIR/fit"
	git commit -q --allow-empty -m 'The same tree'
	run push
	assert_success
	refute_output 'was built before'
	run docker exec "$(serving)" cat /flavour
	assert_equal "$output" 'cherry pie'
	git commit -q --allow-empty -m 'The same tree again'
	run push
	assert_success
	assert_output 'was built before'
}

@test "docker-options:report and resource:report show what is set, and JSON the same" {
	run ssh_bardo docker-options:report "$APP"
	assert_success
	assert_output "^=====> $APP docker options information"
	assert_output 'Docker options deploy: +--shm-size 32m --ulimit nofile=1000:2000$'
	assert_output 'Docker options deploy.web: +--add-host db:10.0.0.9 --init$'
	run ssh_bardo docker-options:report "$APP" --docker-options-run
	assert_equal "$output" '--shm-size 32m --ulimit nofile=1000:2000 --hostname other'
	run ssh_bardo resource:report "$APP" --format json
	assert_equal "$(jq -r '."resource-web.limit.memory", ."resource-_default_.limit.cpu",
		."resource-_default_.reserve.memory"' <<<"$output")" $'128m\n0.5\n64m'
	run ssh_bardo resource:limit --process-type web "$APP"
	assert_output '^ +memory: 128m$'
}

@test "what no container has yet is said to come with the next" {
	run ssh_bardo resource:limit --memory 200 --process-type worker "$APP"
	assert_success
	assert_output "^=====> Setting resource limits for $APP \(worker\)$"
	assert_output "ps:restart $APP"
	ssh_bardo resource:reserve --process-type worker --memory 32m "$APP"
	ssh_bardo resource:reserve-clear --process-type worker "$APP"
	run ssh_bardo resource:report "$APP"
	refute_output 'worker.reserve.memory: +32m'
	run ssh_bardo resource:limit-clear --process-type worker "$APP"
	assert_output "^-----> Clearing resource limits for $APP \(worker\)$"
	run ssh_bardo resource:report "$APP" --format json
	assert_equal "$(jq 'has("resource-worker.limit.memory")' <<<"$output")" false
}

@test "an option without a field in the Engine's API is refused by name" {
	run ssh_bardo docker-options:add "$APP" deploy --frobnicate 3
	assert_status 2
	assert_output '--frobnicate'
	run ssh_bardo docker-options:add "$APP" deploy --publish 80:80
	assert_status 2
	assert_output '--publish .*ports:add'
	run ssh_bardo docker-options:add "$APP" build --init
	assert_status 2
	run ssh_bardo docker-options:add "$APP" lunch --init
	assert_status 2
	assert_output 'lunch.*build, deploy and run'
	run ssh_bardo docker-options:add "$APP" deploy --init --shm-size lots
	assert_status 2
	run ssh_bardo resource:limit --network 8 "$APP"
	assert_status 2
	assert_output 'network.*cpu, memory'
	run ssh_bardo resource:limit --memory much "$APP"
	assert_status 2
	# None of it was kept, not the first option of two either.
	assert_equal "$(ssh_bardo docker-options:list "$APP" --phase deploy)" \
		$'--shm-size 32m\n--ulimit nofile=1000:2000'
}

@test "docker options are for server admins, limits for owners" {
	KEY=$CLIENT/owner run ssh_bardo docker-options:add "$APP" deploy --privileged
	assert_status 3
	assert_output 'server admins'
	KEY=$CLIENT/owner run ssh_bardo docker-options:clear "$APP"
	assert_status 3
	KEY=$CLIENT/owner run ssh_bardo docker-options:report "$APP"
	assert_success
	KEY=$CLIENT/owner run ssh_bardo resource:limit --memory 300 --process-type other "$APP"
	assert_success
	KEY=$CLIENT/owner run ssh_bardo resource:limit --memory 300 --global
	assert_status 3
}

@test "lives:diff tells of a changed value, and shows options to owners alone" {
	new_key reader
	ssh_bardo users:add reader
	ssh_bardo ssh-keys:add reader <"$CLIENT/reader.pub"
	ssh_bardo acl:grant reader "$APP" read
	ssh_bardo docker-options:add "$APP" deploy --env KIND=one --log-opt tag=for-owners
	ssh_bardo ps:restart "$APP"
	KEY=$CLIENT/owner run ssh_bardo lives:diff "$APP"
	assert_output '^ +options: +\+ --log-opt tag=for-owners for deploy$'
	assert_output '^ +options: +\+ --env KIND for deploy$'
	KEY=$CLIENT/reader run ssh_bardo lives:diff "$APP"
	assert_output '^ +options: +\+ --log-opt for deploy$'
	refute_output 'for-owners'
	KEY=$CLIENT/reader run ssh_bardo lives:diff "$APP" --format json
	refute_output 'for-owners'
	ssh_bardo docker-options:remove "$APP" deploy --env KIND=one
	ssh_bardo docker-options:add "$APP" deploy --env KIND=two
	ssh_bardo ps:restart "$APP"
	KEY=$CLIENT/owner run ssh_bardo lives:diff "$APP"
	assert_output '^ +options: +\+ --env KIND for deploy$'
	assert_output '^ +options: +- --env KIND for deploy$'
	ssh_bardo docker-options:remove "$APP" deploy --env KIND=two --log-opt tag=for-owners
}

@test "docker-options:remove and clear take away what they name" {
	run ssh_bardo docker-options:remove "$APP" deploy --ulimit nofile=1000:2000
	assert_success
	run ssh_bardo docker-options:remove "$APP" deploy --ulimit nofile=1000:2000
	assert_status 4
	run ssh_bardo docker-options:clear "$APP" run
	assert_output "^-----> Clearing docker-options for $APP on phase run$"
	assert_equal "$(ssh_bardo docker-options:list "$APP" --phase deploy,run)" \
		'--shm-size 32m'
	run ssh_bardo docker-options:set "$APP" deploy,run --shm-size 48m --frobnicate
	assert_status 2
	run ssh_bardo docker-options:set "$APP" deploy,run '"--shm-size 48m"' --init
	assert_success
	assert_equal "$(ssh_bardo docker-options:list "$APP" --phase run)" \
		$'--shm-size 48m\n--init'
	[ -n "$(ssh_bardo docker-options:list "$APP" --phase deploy --process web)" ]
	ssh_bardo docker-options:clear "$APP"
	ssh_bardo docker-options:clear "$APP" deploy --process web
	ssh_bardo ps:rebuild "$APP" >/dev/null
	assert_equal "$(has '{{.HostConfig.ShmSize}} {{.HostConfig.ExtraHosts}}')" '67108864 []'
	assert_equal "$(docker exec "$(serving)" cat /flavour)" plain
}
