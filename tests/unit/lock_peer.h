/* A weir-lockd on a bus of its own and a client of it, as setup and teardown of a group of tests. */
#pragma once

#include "private_bus.h"

#include "clients/lock_client.h"

static LockClient *client;

static inline int lock_peer_start(void **state) {
        bus_start();
        manager_start();
        service_start("weir-lockd");
        return lock_client_new(&client);
}

static inline int lock_peer_stop(void **state) {
        client = lock_client_free(client);
        assert_int_equal(WEXITSTATUS(service_end(SIGTERM)), 0);
        private_bus_end();
        return 0;
}
