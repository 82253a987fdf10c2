#!/usr/bin/env bats
# Volumes: whose they are, what is mounted where, and that data outlives the lives.

setup_file() {
	load lib
	server_start
	export BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	local name
	for name in owner other; do
		new_key $name
		ssh_bardo users:add $name --create
		ssh_bardo ssh-keys:add $name <"$CLIENT/$name.pub"
	done
	new_app_repo keep
	dockerfile 'FROM busybox' 'COPY start /start' 'COPY www /www' 'VOLUME /var/lib/keep' \
		'CMD ["/start"]'
	as owner apps:create "$APP"
	as other apps:create "other-s$SLOT"
	export KEEP=$APP OTHER=other-s$SLOT FOLDER=$BATS_FILE_TMPDIR/folder
	mkdir "$FOLDER"
	echo 'of the host' >"$FOLDER/note"
	as owner storage:mount "$KEEP" "${KEEP}_data:/data"
	ssh_bardo storage:mount "$KEEP" "$FOLDER:/host:ro"
	push
	docker exec "$(serving)" sh -c 'echo kept >/data/note; echo kept >/var/lib/keep/note'
	as owner storage:mount "$KEEP" "scratch-s$SLOT" --container-dir /scratch --phases run
	ssh_bardo ps:rebuild "$KEEP"
}
teardown_file() {
	load lib
	docker volume rm -f "${KEEP}_data" "${KEEP}_var_lib_keep" "${KEEP}_more" \
		"scratch-s$SLOT" "shared-s$SLOT" "place-s$SLOT" >/dev/null 2>&1 || true
	server_remove
}
setup() {
	load lib
	use_git
	APP=$KEEP
}

as() { # NAME VERB ...
	KEY=$CLIENT/$1 ssh_bardo "${@:2}"
}
serving() { # the container that does
	echo "bardo.$APP.web.$(live_life "$APP" life).1"
}

@test "what lies in a volume is there in the next life" {
	assert_equal "$(live_life "$APP" life)" 2
	run docker exec "$(serving)" cat /data/note /var/lib/keep/note /host/note
	assert_equal "$output" $'kept\nkept\nof the host'
	run docker exec "$(serving)" touch /host/mine
	assert_failure
	run docker exec "$(serving)" ls -d /scratch
	assert_failure
}

@test "storage:list shows mounts, and the lives that had them" {
	run ssh_bardo storage:list "$APP"
	assert_success
	assert_output "^-----> $APP volume bind-mounts:$"
	assert_output "^ +${APP}_data:/data$"
	assert_output "^ +$FOLDER:/host:ro$"
	assert_output "^ +${APP}_var_lib_keep:/var/lib/keep$"
	assert_output "^ +${APP}_data +lives 1-2$"
	run ssh_bardo storage:list "$APP" --format json
	assert_equal "$(jq -c '.[] | [.host_path, .container_path, .volume_options, .phase,
		.volume, .mounted, .live, .lives]' <<<"$output")" \
		"[\"${APP}_data\",\"/data\",\"\",\"\",true,true,true,[1,2]]
[\"$FOLDER\",\"/host\",\"ro\",\"\",false,true,true,[1,2]]
[\"scratch-s$SLOT\",\"/scratch\",\"\",\"run\",true,true,true,[2]]
[\"${APP}_var_lib_keep\",\"/var/lib/keep\",\"\",\"\",true,false,true,[1,2]]"
}

@test "storage:report has Dokku's rows" {
	run ssh_bardo storage:report "$APP" --storage-deploy-mounts
	assert_equal "$output" "-v ${APP}_data:/data -v $FOLDER:/host:ro"
	run ssh_bardo storage:report "$APP" --storage-run-mounts
	assert_equal "$output" \
		"-v ${APP}_data:/data -v $FOLDER:/host:ro -v scratch-s$SLOT:/scratch"
}

@test "storage:info tells whose a volume is and who had it" {
	run as owner storage:info "${APP}_data" --format json
	assert_success
	assert_equal "$(jq -c '[.name, .app, .host_path, .uses]' <<<"$output")" \
		"[\"${APP}_data\",\"$APP\",\"\",[{\"app\":\"$APP\",\"container_path\":\"/data\",\"lives\":[1,2]}]]"
	run as owner storage:list-entries
	assert_output "^${APP}_data$"
	assert_equal "$(as owner storage:list)" "$output"
	run as other storage:list-entries
	refute_output "${APP}_data"
}

@test "paths of the host are for server admins" {
	run as owner storage:mount "$APP" "$FOLDER:/again"
	assert_status 3
	assert_output 'server admins'
	run as owner storage:create --app "$APP" "place-s$SLOT" "$FOLDER"
	assert_status 3
	run ssh_bardo storage:mount "$APP" "/not-there-s$SLOT:/again"
	assert_status 4
	run ssh_bardo storage:mount "$APP" "relative/path:/again"
	assert_failure
}

@test "another app's volume can't be had, and no name can be taken before it" {
	run as other storage:mount "$OTHER" "${APP}_data:/theirs"
	assert_status 3
	taken=$output
	run as other storage:info "${APP}_data"
	assert_status 3
	run as other storage:destroy "${APP}_data" --force
	assert_status 3
	run as other storage:mount "$OTHER" "${APP}_uploads:/theirs"
	assert_status 3
	run as other storage:info "nothing-s$SLOT"
	assert_status 3
	assert_equal "${output//nothing-s$SLOT/NAME}" \
		"$(as other storage:info "${APP}_data" 2>&1 | sed "s/${APP}_data/NAME/")"
	refute_output "$taken"
}

@test "storage:create with --app is for owners, without for server admins" {
	run as owner storage:create "shared-s$SLOT"
	assert_status 3
	run ssh_bardo storage:create --scheduler k3s "shared-s$SLOT"
	assert_status 2
	run ssh_bardo storage:create --scheduler docker-local "shared-s$SLOT"
	assert_success
	assert_output "Creating volume shared-s$SLOT"
	run ssh_bardo storage:create "shared-s$SLOT"
	assert_failure
	run as owner storage:mount "$APP" "shared-s$SLOT:/shared"
	assert_status 3
	run as owner storage:create --app "$APP" "${APP}_more"
	assert_success
	run as owner storage:mount "$APP" "${APP}_more:/data"
	assert_failure
	assert_output "${APP}_data:/data is mounted there already"
	run ssh_bardo storage:create "place-s$SLOT" "$FOLDER"
	assert_success
	run docker run --rm -v "place-s$SLOT:/p" busybox cat /p/note
	assert_equal "$output" 'of the host'
	ssh_bardo storage:destroy "shared-s$SLOT" --force
	ssh_bardo storage:destroy "place-s$SLOT" --force
	[ -e "$FOLDER/note" ]
}

@test "a volume that a life has can't be destroyed; unmounted and out of use it can" {
	run as owner storage:destroy "scratch-s$SLOT"
	assert_failure
	run as owner storage:destroy "${APP}_data" --force
	assert_status 5
	assert_output "life 2 of $APP has ${APP}_data"
	run as owner storage:unmount "$APP" "${APP}_data:/data"
	assert_success
	assert_output "ps:restart $APP"
	run as owner storage:unmount "$APP" "${APP}_data"
	assert_status 4
	ssh_bardo ps:rebuild "$APP" >/dev/null
	run docker exec "$(serving)" ls /data
	assert_failure
	is_destroyed() { as owner storage:destroy "${APP}_data" --force; }
	wait_until 20 is_destroyed
	run docker volume inspect "${APP}_data"
	assert_failure
}

@test "a place has one name, and none leads out of it" {
	run as owner storage:mount "$APP" "${APP}_more:/place//of/it/"
	assert_success
	run as owner storage:mount "$APP" "${APP}_data:/place/of/it"
	assert_status 1
	assert_output 'is mounted there already'
	run as owner storage:unmount "$APP" "${APP}_more:/place/of/it/"
	assert_success
	for place in /. /.. /a/../.. /a/./b; do
		run as owner storage:mount "$APP" "${APP}_more:$place"
		assert_status 2
		assert_shown "$place is no folder of a container"
	done
}

@test "a mount is updated in its place, and --replace is all of them or nothing" {
	APP=whole-s$SLOT
	mounts_are() {
		assert_equal "$(ssh_bardo storage:report "$APP" --storage-deploy-mounts)" "$1"
	}
	ssh_bardo apps:create "$APP"
	ssh_bardo storage:mount "$APP" "${APP}_a" --container-dir /a --phase deploy
	run ssh_bardo storage:mount "$APP" "${APP}_a" --container-dir /a --volume-readonly \
		--phase deploy --phase run
	assert_shown "-----> Updating the mount of ${APP}_a into $APP at /a"
	mounts_are "-v ${APP}_a:/a:ro"
	assert_equal "$(ssh_bardo storage:report "$APP" --storage-run-mounts)" "-v ${APP}_a:/a:ro"
	ssh_bardo storage:mount "$APP" "${APP}_w:/w" --process-type worker
	run ssh_bardo storage:mount --replace "$APP" "${APP}_b:/b" "${APP}_c:/c:ro"
	assert_success
	assert_shown "-----> Mounting ${APP}_c into $APP at /c"
	now="-v ${APP}_w:/w -v ${APP}_b:/b -v ${APP}_c:/c:ro"
	mounts_are "$now"
	run ssh_bardo storage:mount --replace "$APP" "${APP}_d:/d" "${APP}_e:/d"
	assert_status 1
	assert_shown 'is mounted there already'
	refute_output 'Mounting'
	run ssh_bardo storage:mount --replace "$APP"
	assert_status 2
	run ssh_bardo storage:unmount "$APP" "${APP}_b" "${APP}_nothing"
	assert_status 4
	mounts_are "$now"
	ssh_bardo storage:unmount "$APP" "${APP}_b" "${APP}_c:/c"
	ssh_bardo storage:unmount "$APP" --all --process-type worker
	mounts_are ''
	ssh_bardo apps:destroy "$APP" --volumes --force
}

@test "a part of a volume is mounted where the Engine can, and refused where not" {
	APP=part-s$SLOT
	ssh_bardo apps:create "$APP"
	run ssh_bardo storage:mount "$APP" "${APP}_a" --container-dir /a --volume-subpath ../b
	assert_status 2
	run ssh_bardo storage:mount "$APP" "$FOLDER" --container-dir /a --volume-subpath b
	assert_status 2
	assert_shown 'a part of a folder of the host is a folder'
	run ssh_bardo storage:mount "$APP" "${APP}_a" --container-dir /a --volume-subpath in/b
	if [ "$(docker version -f '{{.Server.APIVersion}}' | cut -d . -f 2)" -lt 45 ]; then
		assert_status 1
		assert_shown 'upgrade it to 26 or newer'
		return
	fi
	assert_success
	docker run --rm -v "${APP}_a:/a" busybox sh -c 'mkdir -p /a/in/b; echo part >/a/in/b/note'
	new_app_repo part
	push
	assert_equal "$(docker exec "$(serving)" cat /a/note)" part
}

@test "a volume that others made is nobody's to have by an app's name" {
	docker volume create "taken-s${SLOT}_db" >/dev/null
	KEY=$CLIENT/other new_app_repo taken
	dockerfile 'FROM busybox' 'COPY start /start' 'COPY www /www' 'VOLUME /db' \
		'CMD ["/start"]'
	run push
	assert_failure
	assert_shown "the volume taken-s${SLOT}_db is there already and not of taken-s$SLOT"
	KEY=$CLIENT/key use_git
	ssh_bardo apps:create "$APP"
	run ssh_bardo storage:mount "$APP" "taken-s${SLOT}_db:/db"
	assert_success
	run push
	assert_success
	ssh_bardo apps:destroy "$APP" --force
	docker volume rm "taken-s${SLOT}_db" >/dev/null
}

@test "what the Engine refuses to make doesn't stop the life that has the volume" {
	ssh_bardo resource:limit "$APP" --cpu 5000
	started=$(docker inspect -f '{{.State.StartedAt}}' "$(serving)")
	run patiently ps:restart "$APP"
	ssh_bardo resource:limit-clear "$APP"
	assert_status 1
	assert_output 'start failed: .*CPUs'
	refute_output 'Stopping life'
	assert_equal "$(docker inspect -f '{{.State.StartedAt}}' "$(serving)")" "$started"
}

@test "what can't be mounted is said" {
	for mount in "data-s$SLOT" "data-s$SLOT:data" "data-s$SLOT:/" "data-s$SLOT:/x:rx" \
		":/x" "-x:/y" "a b:/x"; do
		run ssh_bardo storage:mount "$APP" -- "'$mount'"
		assert_status 2
	done
	run ssh_bardo storage:mount "$APP" "data-s$SLOT:/x" --phases build
	assert_status 2
	assert_output 'a build has no volumes'
}

@test "storage:ensure-directory makes a folder that is its owner's, and --all unmounts it" {
	folder=$DATA/storage/kept-s$SLOT
	run ssh_bardo storage:ensure-directory "kept-s$SLOT"
	assert_success
	assert_shown "-----> Ensuring $folder exists"
	assert_shown 'Setting directory ownership to 32767:32767'
	assert_shown 'Directory ready for mounting'
	assert_equal "$(stat -c '%u:%g %a' "$folder")" '32767:32767 755'
	ssh_bardo storage:ensure-directory --chown 1234 "kept-s$SLOT"
	assert_equal "$(stat -c '%u:%g' "$folder")" 1234:1234
	ssh_bardo storage:ensure-directory --chown false "kept-s$SLOT"
	assert_equal "$(stat -c '%u:%g' "$folder")" 1234:1234
	assert_equal "$(docker ps -aq --filter name=bardo-folder)$(docker images -q 'bardo-folder*')" ''
	run ssh_bardo storage:ensure-directory --chown everybody "kept-s$SLOT"
	assert_status 2
	run as owner storage:ensure-directory "mine-s$SLOT"
	assert_status 3
	new_app_repo mounts
	ssh_bardo apps:create "$APP"
	ssh_bardo storage:mount "$APP" "$folder:/kept"
	ssh_bardo storage:mount "$APP" "$folder:/again"
	push
	docker exec "$(serving)" sh -c 'stat -c %u:%g /kept' | grep -qx 1234:1234
	run ssh_bardo storage:unmount "$APP" --all
	assert_success
	assert_equal "$(ssh_bardo storage:report "$APP" --storage-deploy-mounts)" ''
}
