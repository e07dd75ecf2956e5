# weir: one Makefile, read top to bottom. `make help` lists the targets.
#
# Everything is built into build/VARIANT (debug, asan, coverage), or into any folder given as B=. The conventions:
#   lib/LAYER/NAME.c           -> libweir.a             bin/NAME.c                -> NAME, linked with libweir.a
#   web/cgi/NAME.c             -> NAME.cgi, the same    tests/perforce/client/*.c -> p4, the stand-in client
#   tests/unit/test-NAME.c     -> tests/test-NAME
# so a new file needs no line here. Units, policies and man pages are installed with their @NAME@ places filled in.

# Knobs of a person building: make PREFIX=/usr/local WERROR=1 V=1 …
VARIANT  ?= debug
B        ?= build/$(VARIANT)
PREFIX   ?= /usr
DESTDIR  ?=
CC       := $(if $(filter default,$(origin CC)),gcc,$(CC))
CFLAGS   ?= -O2 -g
WERROR   ?=
V        ?=
PYTHON   ?= /usr/bin/python3
FUZZ_SECONDS ?= 5
SOAK_SECONDS ?= 600

BINDIR     := $(PREFIX)/bin
LIBEXECDIR := $(PREFIX)/lib/weir
SYSTEMDDIR := $(PREFIX)/lib/systemd
UNITDIR    := $(SYSTEMDDIR)/system
DATADIR    := $(PREFIX)/share
SYSCONFDIR := /etc
# The bus, polkit and the journal look for these in their own places only, whatever PREFIX says.
DBUSPOLICYDIR := $(if $(filter /usr,$(PREFIX)),/usr/share,$(SYSCONFDIR))/dbus-1/system.d
POLKITDIR     := /usr/share/polkit-1
CATALOGDIR    := /usr/lib/systemd/catalog
VERSION    := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# What the programs stand on. --as-needed below drops from each program what it does not use.
PKGS     := libsystemd sqlite3 yaml-0.1 json-c libssh2
# Debian packages: to build and to run every check and the demo (with myhostname there is a localhost even where
# /etc/hosts is missing); what `make check` alone wants, a browser for the pages among it; then the heavy ones of `make lint`.
DEPS     := gcc libc6-dev make pkg-config libsystemd-dev libsqlite3-dev libyaml-dev libjson-c-dev libssh2-1-dev libssl-dev \
            libcmocka-dev libxml2-utils python3 util-linux iproute2 systemd dbus polkitd openssh-server lighttpd lighttpd-mod-deflate \
            libjs-mustache libjs-dygraphs curl libnss-myhostname
DEPS_CHECK := clang-format openssl sqlite3 chromium chromium-driver python3-selenium fonts-dejavu-core
DEPS_BENCH := wrk
DEPS_LINT := cppcheck clang clang-format clang-tidy clang-tools

# Targets that need neither a compiler nor the libraries do not ask for them.
LIGHT := deps deps-check deps-bench deps-lint help demo-stop uninstall format clean
ifneq ($(filter-out $(LIGHT),$(or $(MAKECMDGOALS),all)),)
MISSING := $(shell for p in $(PKGS) cmocka; do pkg-config --exists $$p 2>/dev/null || echo $$p; done)
# `make deps check` installs them in the first step: the rest is then evaluated by a make of its own.
ifneq ($(MISSING),)
ifeq ($(filter deps deps-check demo check,$(MAKECMDGOALS)),)
$(error Development files are missing for: $(MISSING). Run `make deps` as root, or install them by hand)
endif
endif
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(PKGS) 2>/dev/null)
STATIC_LIBS := $(shell pkg-config --static --libs sqlite3 json-c yaml-0.1 2>/dev/null)
endif

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wformat=2 -Wundef \
            -Wwrite-strings -Wvla -Wpointer-arith -Wimplicit-fallthrough -Werror=implicit-function-declaration \
            -Werror=incompatible-pointer-types -Werror=int-conversion -Werror=return-type -Wno-unused-parameter \
            $(if $(filter gcc%,$(notdir $(CC))),-Wlogical-op -Wduplicated-cond -Wduplicated-branches)
HARDENING := -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
ifeq ($(VARIANT),asan)
override CFLAGS := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
HARDENING :=
else ifeq ($(VARIANT),coverage)
override CFLAGS := -O0 -g --coverage
HARDENING :=
endif
ALL_CPPFLAGS := -D_GNU_SOURCE -Ilib -I$(B) $(PKG_CFLAGS) $(CPPFLAGS)
ALL_CFLAGS   := -std=gnu11 -fPIE -pthread $(CFLAGS) $(WARNINGS) $(HARDENING)
ERRORS       := $(if $(WERROR),-Werror)
ALL_LDFLAGS  := -pie -pthread -Wl,-z,relro,-z,now -Wl,--as-needed $(filter -fsanitize% --coverage,$(CFLAGS)) $(LDFLAGS)

LIB_SRC  := $(wildcard lib/*/*.c)
BIN_SRC  := $(wildcard bin/*.c)
CGI_SRC  := $(wildcard web/cgi/*.c)
TEST_SRC := $(wildcard tests/unit/test-*.c)
P4_SRC   := $(wildcard tests/perforce/client/*.c)
BINS     := $(BIN_SRC:bin/%.c=$(B)/%)
CGIS     := $(CGI_SRC:web/cgi/%.c=$(B)/%.cgi)
TESTS    := $(TEST_SRC:tests/unit/%.c=$(B)/tests/%)
P4       := $(if $(P4_SRC),$(B)/p4)
OBJECTS  := $(patsubst %.c,$(B)/obj/%.o,$(LIB_SRC) $(BIN_SRC) $(CGI_SRC) $(TEST_SRC) $(P4_SRC))

silent := $(findstring s,$(firstword -$(MAKEFLAGS)))
quiet = $(if $(V),,@$(if $(silent),,echo "  $(1)  $(patsubst $(B)/%,%,$@)";))
.DELETE_ON_ERROR:
.PHONY: FORCE all programs deps deps-check deps-bench deps-lint check check-unit check-machine check-perforce check-lint demo demo-stop install \
        uninstall lint format asan coverage fuzz faults bench soak clean help

all: programs $(TESTS) ## build everything into $(B)
programs: $(BINS) $(CGIS) $(P4)

# --- compiling -------------------------------------------------------------------------------------------------------

# A stamp holding the flags: everything is rebuilt when they change, nothing when they do not.
FLAGS := $(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(PKG_LIBS)
$(B)/flags: FORCE
	@mkdir -p $(@D); echo '$(subst ','\'',$(FLAGS))' | cmp -s - $@ || echo '$(subst ','\'',$(FLAGS))' >$@
$(B)/version.h: FORCE
	@mkdir -p $(@D); echo '#define WEIR_VERSION "$(VERSION)"' | cmp -s - $@ || echo '#define WEIR_VERSION "$(VERSION)"' >$@

$(B)/obj/%.o: %.c $(B)/flags | $(B)/version.h
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ERRORS) -MMD -MP -c -o $@ $<

# Made anew each time, so that a deleted source leaves no object behind in it.
$(B)/libweir.a: $(LIB_SRC:%.c=$(B)/obj/%.o) $(B)/flags
	$(call quiet,AR)rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)
$(BINS): $(B)/%: $(B)/obj/bin/%.o $(B)/libweir.a
	$(call quiet,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)
# api.cgi answers the most requests: without a dynamic linker it starts in half the time. The sanitizers need theirs.
CGI_STATIC := $(if $(filter asan coverage,$(VARIANT)),,$(B)/api.cgi)
$(filter-out $(CGI_STATIC),$(CGIS)): $(B)/%.cgi: $(B)/obj/web/cgi/%.o $(B)/libweir.a
	$(call quiet,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)
$(CGI_STATIC): $(B)/%.cgi: $(B)/obj/web/cgi/%.o $(B)/libweir.a
	$(call quiet,LD)$(CC) $(ALL_CFLAGS) -static-pie -Wl,--no-warnings $(filter-out -pie,$(ALL_LDFLAGS)) -o $@ $^ $(STATIC_LIBS)
$(TESTS): $(B)/tests/%: $(B)/obj/tests/unit/%.o $(B)/libweir.a
	@mkdir -p $(@D)
	$(call quiet,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS) -lcmocka
# The stand-in client is plain C without weir's library: it must not share weir's mistakes.
$(B)/p4: $(P4_SRC:%.c=$(B)/obj/%.o) $(B)/flags
	$(call quiet,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) -lssl -lcrypto

-include $(OBJECTS:.o=.d)

# --- packages --------------------------------------------------------------------------------------------------------

# $(call apt,PACKAGES): quick when nothing is missing; the index is only fetched when something is.
apt = @want=$$(dpkg-query -W -f '$${Package} $${db:Status-Status}\n' $(1) 2>/dev/null | awk '$$2 == "installed" {print $$1}'); \
      for p in $(1); do echo "$$want" | grep -qx "$$p" || need="$$need $$p"; done; [ -z "$$need" ] || { \
      echo "Installing:$$need"; export DEBIAN_FRONTEND=noninteractive; apt-get update -q && \
      apt-get install -y -q --no-install-recommends $$need; }

deps: ## install every package that building, checking and the demo need (root)
	$(call apt,$(DEPS))
deps-check: deps
	$(call apt,$(DEPS_CHECK))
deps-bench: ## install what `make bench` needs beside that (root)
	$(call apt,$(DEPS_BENCH))
deps-lint: ## install the tools of `make lint` (root)
	$(call apt,$(DEPS_LINT))

# --- checking --------------------------------------------------------------------------------------------------------

RUN_TESTS = B='$(B)' PYTHON='$(PYTHON)' tests/run
check: deps-check ## install what is needed, build, run every suite; the last line is the sum
	@$(MAKE) --no-print-directory all
	@$(RUN_TESTS) lint unit perforce machine
check-unit: all ## one suite
	@$(RUN_TESTS) unit
check-lint: all ## one suite: layers, sizes, man pages, units, policies
	@$(RUN_TESTS) lint
check-perforce: all ## one suite: the stand-in; P4D= P4= run it against a real server
	@P4D='$(P4D)' P4='$(if $(filter command,$(origin P4)),$(P4))' $(RUN_TESTS) perforce
check-machine: all ## one suite: weir on a real systemd in throw-away machines (root)
	@$(RUN_TESTS) machine
asan: ## the unit tests with AddressSanitizer and UBSan
	@$(MAKE) --no-print-directory VARIANT=asan B=build/asan check-unit
# Every target over a copy of its corpus; what makes one fail is left in $(B)/fuzz.
fuzz: ## the parsers under libFuzzer, FUZZ_SECONDS each (needs `make deps-lint`)
	@mkdir -p $(B)/fuzz; for target in $(patsubst tests/fuzz/fuzz-%.c,%,$(wildcard tests/fuzz/fuzz-*.c)); do echo "  FUZZ  $$target"; \
	    clang -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined $(ALL_CPPFLAGS) \
	        -o $(B)/fuzz/$$target tests/fuzz/fuzz-$$target.c $(wildcard lib/base/*.c lib/formats/*.c) $(PKG_LIBS) && \
	    mkdir -p $(B)/fuzz/corpus-$$target && $(B)/fuzz/$$target -verbosity=0 -max_total_time=$(FUZZ_SECONDS) \
	        -artifact_prefix=$(B)/fuzz/ $(B)/fuzz/corpus-$$target tests/fuzz/corpus/$$target || exit 1; done
coverage: ## line coverage of lib/ by the unit tests
	@$(MAKE) --no-print-directory VARIANT=coverage B=build/coverage check-unit
	@tests/coverage build/coverage
bench: all ## figures as ratios, measured in one run (needs `make deps-bench`)
	@B='$(B)' tests/bench/run; status=$$?; B='$(B)' tests/bench/web || status=1; B='$(B)' tests/machine/run -- tests/machine/jobs/bench && exit $$status
# NULL is a pointer in glibc; cppcheck knows no _cleanup_ (the asan build looks for leaks), and no table without zeros.
CPPCHECK_QUIET = missingIncludeSystem varFuncNullUB memleak zerodivcond:lib/base/time_util.c
faults: all ## everything that can die dies, at every stage of a job; 200 cancels of what wants to survive; 20 power failures (root)
	@B='$(B)' tests/faults/run
soak: all ## the log of a running job, followed over the web by many for SOAK_SECONDS (600) while the server is reloaded (root)
	@B='$(B)' tests/machine/run -- tests/soak/logs $(SOAK_SECONDS)
lint: all ## cppcheck and clang-tidy over everything, then the lint suite (needs `make deps-lint`)
	cppcheck -q --std=c11 --enable=warning,portability,performance --inline-suppr --error-exitcode=1 \
	    $(addprefix --suppress=,$(CPPCHECK_QUIET)) -Ilib lib bin web/cgi tests/perforce/client
	clang-tidy --quiet $(LIB_SRC) $(BIN_SRC) $(CGI_SRC) -- $(ALL_CPPFLAGS) -std=gnu11
	@$(RUN_TESTS) lint
format: ## clang-format every C file in place
	clang-format -i $(shell git ls-files '*.c' '*.h')

demo: deps ## boot a machine that keeps running, measure the sample depot, show its streams (root)
	@$(MAKE) --no-print-directory programs
	@B='$(B)' tests/machine/demo start
demo-stop: ## end it
	@B='$(B)' tests/machine/demo stop

# --- installing ------------------------------------------------------------------------------------------------------

# $(call put,MODE,FOLDER,FILES): copy with the @NAME@ places filled in.
FILL := sed -e 's|@BINDIR@|$(BINDIR)|g' -e 's|@LIBEXECDIR@|$(LIBEXECDIR)|g' -e 's|@SYSCONFDIR@|$(SYSCONFDIR)|g' -e 's|@DATADIR@|$(DATADIR)|g' \
            -e 's|@VERSION@|$(VERSION)|g'
put = $(if $(strip $(3)),@install -d '$(DESTDIR)$(2)' && for f in $(3); do t='$(DESTDIR)$(2)'/$$(basename $$f); \
      $(FILL) "$$f" >"$$t" && chmod $(1) "$$t" || exit 1; done)
copy = $(if $(strip $(3)),@install -d '$(DESTDIR)$(2)' && install -m $(1) $(3) '$(DESTDIR)$(2)')

UNITS      := $(foreach t,service timer path socket target slice,$(wildcard units/*.$(t)))
GENERATORS := $(filter %-generator,$(BINS))
CONFIGS    := $(wildcard config/*.yaml)
MAN1       := $(wildcard bin/*.1)
MAN5       := $(wildcard config/*.5)
MAN8       := $(wildcard bin/*.8)

WEB_FILES := $(shell find web -type f -not -path 'web/cgi/*' 2>/dev/null)

install: $(BINS) $(CGIS) ## install below $(DESTDIR)$(PREFIX); with an empty DESTDIR users and folders are made, too
	$(call copy,755,$(BINDIR),$(filter %/weirctl,$(BINS)))
	$(call copy,755,$(LIBEXECDIR),$(filter-out %/weirctl $(GENERATORS),$(BINS)))
	$(call copy,755,$(SYSTEMDDIR)/system-generators,$(GENERATORS))
	$(call copy,755,$(LIBEXECDIR)/cgi,$(CGIS))
	@cd web && for f in $(WEB_FILES:web/%=%); do install -D -m 644 "$$f" '$(DESTDIR)$(DATADIR)/weir/web'/"$$f" || exit 1; done
	$(call put,644,$(DATADIR)/weir,$(wildcard config/lighttpd.conf))
	$(call put,644,$(UNITDIR),$(UNITS))
	$(call put,644,$(PREFIX)/lib/sysusers.d,$(wildcard units/sysusers.d/*.conf))
	$(call put,644,$(PREFIX)/lib/tmpfiles.d,$(wildcard units/tmpfiles.d/*.conf))
	$(if $(DESTDIR),,systemd-sysusers weir.conf && systemd-tmpfiles --create weir.conf)
	$(call put,644,$(DBUSPOLICYDIR),$(wildcard dbus/org.weir.*.conf))
	$(call put,644,$(DATADIR)/dbus-1/system-services,$(wildcard dbus/org.weir.*.service))
	$(call put,644,$(DATADIR)/dbus-1/interfaces,$(wildcard dbus/org.weir.*.xml))
	$(call put,644,$(POLKITDIR)/actions,$(wildcard dbus/*.policy))
	$(call put,644,$(POLKITDIR)/rules.d,$(wildcard dbus/*.rules))
	$(call copy,644,$(CATALOGDIR),$(wildcard config/*.catalog))
	$(call put,644,$(DATADIR)/man/man1,$(MAN1))
	$(call put,644,$(DATADIR)/man/man5,$(MAN5))
	$(call put,644,$(DATADIR)/man/man8,$(MAN8))
	$(call put,644,$(DATADIR)/bash-completion/completions,$(wildcard config/bash-completion/*))
	@# A configuration that is already there is the owner's: it is never replaced.
	@install -d '$(DESTDIR)$(SYSCONFDIR)/weir'; for f in $(CONFIGS); do t='$(DESTDIR)$(SYSCONFDIR)/weir'/$$(basename $$f); \
	    [ -e "$$t" ] || install -m 644 "$$f" "$$t"; done
	$(if $(DESTDIR),,@[ ! -d /run/systemd/system ] || { systemctl daemon-reload; systemctl reload dbus; journalctl --update-catalog; })

uninstall: ## remove what install put there; configuration, history and users stay
	@cd '$(DESTDIR)/' 2>/dev/null && rm -f .$(BINDIR)/weirctl .$(SYSTEMDDIR)/system-generators/weir-generator \
	    $(UNITS:units/%=.$(UNITDIR)/%) .$(PREFIX)/lib/sysusers.d/weir.conf .$(PREFIX)/lib/tmpfiles.d/weir.conf \
	    .$(CATALOGDIR)/weir.catalog .$(CATALOGDIR)/weir.ru.catalog \
	    .$(DATADIR)/dbus-1/*/org.weir.* .$(DBUSPOLICYDIR)/org.weir.* .$(POLKITDIR)/*/org.weir.* \
	    $(foreach n,1 5 8,$(addprefix .$(DATADIR)/man/man$(n)/,$(notdir $(MAN$(n))))) \
	    .$(DATADIR)/bash-completion/completions/weirctl && rm -rf .$(LIBEXECDIR) .$(DATADIR)/weir

clean: ## remove $(B)
	rm -rf '$(B)'
help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | awk -F'\t' '{printf "  %-16s %s\n", $$1, $$2}'
