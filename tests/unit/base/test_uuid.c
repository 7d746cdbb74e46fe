/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/base/uuid.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/test.h"

/* Fetches the first random uuid of a new child. */
static struct uuid
uuid_of_child(void)
{
    struct uuid uuid;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        uuid = uuid_random();
        _exit(write(fds[1], uuid.b, sizeof uuid.b) == sizeof uuid.b ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    assert_int_equal(read(fds[0], uuid.b, sizeof uuid.b), sizeof uuid.b);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    close(fds[0]);
    close(fds[1]);
    return uuid;
}

TEST(a_child_makes_other_uuids_than_its_parent)
{
    for (int i = 0; i < 3; i++) {
        struct uuid before = uuid_random(), child = uuid_of_child(), sibling = uuid_of_child(), after = uuid_random();
        assert_false(uuid_eq(&child, &before) || uuid_eq(&child, &after) || uuid_eq(&child, &sibling));
    }
}

TEST(text_is_read_digit_by_digit)
{
    static const char good[] = "0123ABcd-4567-89eF-fedc-ba9876543210";
    struct uuid uuid;
    char text[UUID_LENGTH + 1];
    assert_true(uuid_from_text(str_from(good), &uuid));
    assert_string_equal(uuid_format(&uuid, text), "0123abcd-4567-89ef-fedc-ba9876543210");
    for (size_t i = 0; i < UUID_LENGTH; i++) {
        static const char bad[] = {'g', '-', 'G', '/', ':', '@', '`', '\0', (char) 0xb0, '0'};
        for (size_t j = 0; j < sizeof bad; j++) {
            bool fits = good[i] == '-' ? bad[j] == '-' : bad[j] == '0';
            memcpy(text, good, sizeof text);
            text[i] = bad[j];
            assert_int_equal(uuid_from_text(str_n(text, UUID_LENGTH), &uuid), fits);
        }
    }
    assert_false(uuid_from_text(str_n(good, UUID_LENGTH - 1), &uuid));
}

TEST_MAIN(T(a_child_makes_other_uuids_than_its_parent), T(text_is_read_digit_by_digit))
