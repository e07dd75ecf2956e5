/* Several threads with small stacks, all doing the same. */
#pragma once

#include <pthread.h>

#define THREADS 4

/* run adds its failures to the int that it is given, atomically; that sum comes back. */
static inline int threads_run(void *(*run)(void *failures)) {
        pthread_attr_t attributes;
        pthread_t threads[THREADS];
        int failures = 0;

        assert_int_equal(pthread_attr_init(&attributes), 0);
        assert_int_equal(pthread_attr_setstacksize(&attributes, 128 * 1024), 0);
        for (size_t i = 0; i < THREADS; i++) {
                assert_int_equal(pthread_create(&threads[i], &attributes, run, &failures), 0);
        }
        for (size_t i = 0; i < THREADS; i++) {
                assert_int_equal(pthread_join(threads[i], NULL), 0);
        }
        (void) pthread_attr_destroy(&attributes);
        return failures;
}
