/* Removing a job's folder, with everything in it that a hook can think of. */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macro.h"
#include "base/string_util.h"
#include "services/workspace.h"

#define JOB "INT-20261121-001"

static char state[] = "/tmp/weir-test-workspace-XXXXXX";

static void sh(const char *script) {
        _cleanup_free_ char *command = NULL;
        assert_int_equal(string_format(&command, "set -e; cd %s; %s", state, script), 0);
        assert_int_equal(system(command), 0);
}

static int setup(void **unused) {
        return mkdtemp(state) ? 0 : -1;
}

static int teardown(void **unused) {
        _cleanup_free_ char *command = NULL;
        assert_int_equal(string_format(&command, "chmod -R u+rwx %s; rm -rf %s", state, state), 0);
        return system(command);
}

static void test_paths(void **unused) {
        _cleanup_free_ char *path = NULL;
        assert_int_equal(workspace_path("/s", JOB, &path), 0);
        assert_string_equal(path, "/s/" JOB);
        static const char *const bad[] = { "", ".", "..", "INT-20261121-001/..", "../x", "INT-2026-1" };
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                assert_int_equal(workspace_path("/s", bad[i], &path), -EINVAL);
                assert_int_equal(workspace_remove(state, bad[i]), -EINVAL);
        }
        assert_int_equal(workspace_remove(state, JOB), 0); /* not there */
        assert_int_equal(workspace_remove("/nonexistent", JOB), 0);
}

static void test_everything(void **unused) {
        sh("mkdir -p keep/dir; echo mine > keep/file; echo mine > keep/dir/file");
        sh("mkdir -p " JOB "/a/b/c; cd " JOB
           "; echo x > a/b/f; ln -s ../keep link; ln -s /etc/passwd a/p; ln -s "
           "nowhere a/dangling; ln -s . a/self; mkfifo a/pipe; ln ../keep/file a/hard; touch -- '-rf' 'new\nline' .hidden");
        sh("cd " JOB
           "; mkdir -p closed/inner; touch closed/inner/f; chmod 500 closed/inner; chmod 000 closed; chmod 400 a/b/f");
        assert_int_equal(workspace_remove(state, JOB), 0);
        sh("test ! -e " JOB "; test \"$(cat keep/file keep/dir/file)\" = \"$(printf 'mine\\nmine')\"");
}

/* The folder itself replaced by a link: the link goes, what it points to stays. */
static void test_link_in_its_place(void **unused) {
        sh("mkdir -p victim; echo v > victim/f; ln -s victim " JOB);
        assert_true(workspace_remove(state, JOB) < 0);
        sh("test -e victim/f; rm " JOB "; touch " JOB);
        assert_true(workspace_remove(state, JOB) < 0);
        sh("rm " JOB);
}

static void test_depth(void **unused) {
        sh("python3 -c 'import os\n"
           "os.mkdir(\"" JOB "\"); os.chdir(\"" JOB "\")\n"
           "for i in range(3000):\n    os.mkdir(\"d\"); os.chdir(\"d\")'");
        assert_int_equal(workspace_remove(state, JOB), 0);
        sh("test ! -e " JOB);
}

/* Deeper than there may be descriptors, and in a process that may have few. */
static void test_abyss(void **unused) {
        sh("python3 -c 'import os\n"
           "os.mkdir(\"" JOB "\"); os.chdir(\"" JOB "\")\n"
           "for i in range(60000):\n"
           "    os.mkdir(\"d\"); os.chdir(\"d\")\n"
           "    if i % 1000 == 0: open(\"f\", \"w\"); os.mkdir(\".weir-%d\" % (i // 1000)); os.symlink(\"..\", \"up\")\n"
           "    if i % 7777 == 0: os.mkdir(\"closed\"); os.mkdir(\"closed/in\"); os.chmod(\"closed\", 0)'");
        const struct rlimit few = { 16, 16 };
        pid_t pid = fork();
        if (pid == 0) {
                _exit(setrlimit(RLIMIT_NOFILE, &few) < 0 || workspace_remove(state, JOB) < 0);
        }
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        sh("test ! -e " JOB);
}

/* What cannot be removed is told, and all the rest is gone; a file system of others is left alone. */
static void test_obstacle(void **unused) {
        sh("mkdir -p " JOB "/a/b/c " JOB "/z; touch " JOB "/a/b/c/f " JOB "/z/f");
        _cleanup_free_ char *place = NULL;
        assert_int_equal(string_format(&place, "%s/" JOB "/a/b", state), 0);
        if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("tmpfs", place, "tmpfs", 0, NULL) < 0) {
                skip();
        }
        sh("touch " JOB "/a/b/theirs");
        assert_true(workspace_remove(state, JOB) < 0);
        sh("test -n \"$(find " JOB " -name theirs)\"; test ! -e " JOB "/z");
        assert_int_equal(umount2(place, MNT_DETACH), 0);
        assert_int_equal(workspace_remove(state, JOB), 0);
        sh("test ! -e " JOB);
}

static void test_create(void **unused) {
        _cleanup_free_ char *path = NULL;
        struct stat status;
        assert_int_equal(workspace_path(state, JOB, &path), 0);
        assert_int_equal(workspace_create(path), 0);
        assert_int_equal(workspace_create(path), 0);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 07777, 0700);
        assert_int_equal(workspace_remove(state, JOB), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_paths),
                cmocka_unit_test(test_everything),
                cmocka_unit_test(test_link_in_its_place),
                cmocka_unit_test(test_depth),
                cmocka_unit_test(test_abyss),
                cmocka_unit_test(test_obstacle),
                cmocka_unit_test(test_create),
        };
        return cmocka_run_group_tests(tests, setup, teardown);
}
