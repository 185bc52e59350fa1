# make            builds build/rmv, build/recomart and librmv       make demo    runs the main job
# make test       installs what is missing and passes every test    make check   the tests alone
# make lint       checks style and layering                         make format  settles the layout
# make bench      measures against floors taken in the same run     make install PREFIX=/usr/local
# V=1 shows whole command lines; SANITIZE=address|thread builds into build-address or build-thread with those sanitizers

CC       = gcc
AR       = gcc-ar
PREFIX   = /usr/local
DESTDIR  =
VERSION  = $(shell cat src/VERSION)
BUILD    = build
CFLAGS   = -O2 -g
JOBS     = $(shell nproc)

# A command is shown as "what file" unless V=1 asks for all of it.
shown    = $(if $(V),,@printf '%-8s %s\n' $(1) $(2) && )

ifeq ($(SANITIZE),address)
BUILD    = build-address
CFLAGS   = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
else ifeq ($(SANITIZE),thread)
BUILD    = build-thread
CFLAGS   = -O1 -g -fno-omit-frame-pointer -fsanitize=thread
else ifeq ($(SANITIZE),fuzzer)
# For tests/fuzz/run.sh, with CC=clang.
BUILD    = build-fuzzer
CFLAGS   = -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
           -fno-sanitize=pointer-overflow -fno-sanitize-recover=all -Wno-error
else ifneq ($(SANITIZE),)
$(error SANITIZE is address or thread, not '$(SANITIZE)')
endif

# What each program is made of; librmv is what rmv uses.
RMV_FOLDERS       = base http store vcs record dataset lineage pipeline experiment
RECOMART_FOLDERS  = linalg features recomart
RMV_PACKAGES      = libcrypto libzstd libgit2 yaml-0.1 libcjson
RECOMART_PACKAGES = libcurl libpq sqlite3 lapacke openblas cairo pangocairo

WARNINGS = -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
           -Wpointer-arith -Wwrite-strings -Wvla -Wundef -Wformat=2 -Wcast-qual
CPPFLAGS = -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DRMV_VERSION=$(VERSION) -Iinclude -Isrc -Icmd
PACKAGE_CFLAGS := $(shell pkg-config --cflags $(RMV_PACKAGES) $(RECOMART_PACKAGES) 2>/dev/null)
ALL_CFLAGS = -std=c11 $(CPPFLAGS) $(WARNINGS) $(CFLAGS) $(PACKAGE_CFLAGS) -pthread -fPIC
RMV_LIBS      := $(shell pkg-config --libs $(RMV_PACKAGES) 2>/dev/null)
RECOMART_LIBS := $(shell pkg-config --libs $(RECOMART_PACKAGES) 2>/dev/null)
LDFLAGS  = -Wl,--as-needed -pthread

sources  = $(sort $(foreach folder,$(1),$(wildcard src/$(folder)/*.c)))
objects  = $(patsubst %.c,$(BUILD)/%.o,$(1))

RMV_LIB_SOURCES      = $(call sources,$(RMV_FOLDERS))
RECOMART_LIB_SOURCES = $(call sources,$(RECOMART_FOLDERS))
CLI_SOURCES          = $(sort $(wildcard cmd/cli/*.c))
RMV_SOURCES          = $(sort $(wildcard cmd/rmv/*.c))
RECOMART_SOURCES     = $(sort $(wildcard cmd/recomart/*.c))
BENCH_SOURCES        = $(sort $(wildcard tests/bench/*.c))
GENERATE_SOURCES     = $(addprefix tests/bench/,generate.c clicks.c files.c)
TEST_SOURCES         = $(sort $(wildcard tests/*/*_test.c))
CLI_TESTS            = $(sort $(wildcard tests/cli/*_test.sh))
ALL_SOURCES = $(RMV_LIB_SOURCES) $(RECOMART_LIB_SOURCES) $(CLI_SOURCES) $(RMV_SOURCES) \
              $(RECOMART_SOURCES) $(TEST_SOURCES) $(wildcard tests/*.c) $(wildcard tests/fuzz/*.c) $(BENCH_SOURCES)
FORMATTED   = $(ALL_SOURCES) $(sort $(wildcard include/rmv/*/*.h src/*/*.h cmd/*/*.h tests/*.h tests/*/*.h))
TESTS       = $(patsubst tests/%.c,$(BUILD)/tests/%,$(TEST_SOURCES))
FUZZ_SOURCES = $(sort $(wildcard tests/fuzz/*_fuzz.c))
FUZZERS     = $(patsubst tests/%.c,$(BUILD)/tests/%,$(FUZZ_SOURCES))

.PHONY: all
all: $(BUILD)/rmv $(BUILD)/recomart $(BUILD)/librmv.a $(BUILD)/librmv.so $(BUILD)/rmv.pc

$(BUILD)/rmv: $(call objects,$(RMV_SOURCES) $(CLI_SOURCES)) $(BUILD)/librmv.a
	$(call shown,link,$@)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(RMV_LIBS) -o $@

$(BUILD)/recomart: $(call objects,$(RECOMART_SOURCES) $(CLI_SOURCES)) $(BUILD)/librecomart.a $(BUILD)/librmv.a
	$(call shown,link,$@)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(RECOMART_LIBS) $(RMV_LIBS) -lm -o $@

$(BUILD)/librmv.a: $(call objects,$(RMV_LIB_SOURCES))
	@rm -f $@
	$(call shown,archive,$@)$(AR) rcs $@ $^

$(BUILD)/librecomart.a: $(call objects,$(RECOMART_LIB_SOURCES))
	@rm -f $@
	$(call shown,archive,$@)$(AR) rcs $@ $^

# The shared library exports what the public headers declare, and nothing else.
PUBLIC_HEADERS = $(sort $(foreach folder,$(RMV_FOLDERS),$(wildcard include/rmv/$(folder)/*.h)))
SOVERSION = 1

$(BUILD)/librmv.map: $(PUBLIC_HEADERS)
	@mkdir -p $(@D)
	@{ echo '{ global:'; cat $^ | grep -oE '\brmv_[a-z0-9_]+\(' | sort -u | tr '(' ';'; echo 'local: *; };'; } >$@

$(BUILD)/librmv.so.$(SOVERSION): $(call objects,$(RMV_LIB_SOURCES)) $(BUILD)/librmv.map
	$(call shown,link,$@)$(CC) -shared $(CFLAGS) $(LDFLAGS) -Wl,-soname,librmv.so.$(SOVERSION) \
	    -Wl,--version-script=$(BUILD)/librmv.map $(filter %.o,$^) $(RMV_LIBS) -o $@

$(BUILD)/librmv.so: $(BUILD)/librmv.so.$(SOVERSION)
	@ln -sf librmv.so.$(SOVERSION) $@

$(BUILD)/rmv.pc: src/rmv.pc.in src/VERSION
	@mkdir -p $(@D)
	@sed -e "s|@PREFIX@|$(PREFIX)|" -e "s|@VERSION@|$(VERSION)|" -e "s|@PACKAGES@|$(RMV_PACKAGES)|" $< >$@

$(TESTS): $(BUILD)/tests/%: $(BUILD)/tests/%.o $(call objects,$(wildcard tests/*.c)) \
    $(BUILD)/librecomart.a $(BUILD)/librmv.a
	$(call shown,link,$@)$(CC) $(CFLAGS) $(LDFLAGS) $^ -lcmocka $(RECOMART_LIBS) $(RMV_LIBS) -lm -o $@

# A fuzz target has a main of its own unless libFuzzer brings one.
FUZZ_MAIN = $(if $(filter fuzzer,$(SANITIZE)),,$(BUILD)/tests/fuzz/driver.o)
FUZZ_FLAG = $(if $(filter fuzzer,$(SANITIZE)),-fsanitize=fuzzer)
$(FUZZERS): $(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(FUZZ_MAIN) $(BUILD)/librecomart.a $(BUILD)/librmv.a
	$(call shown,link,$@)$(CC) $(CFLAGS) $(FUZZ_FLAG) $(LDFLAGS) $^ $(RECOMART_LIBS) $(RMV_LIBS) -lm -o $@

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call shown,compile,$<)$(CC) $(ALL_CFLAGS) -Itests -MMD -MP -c $< -o $@

$(BUILD)/src/base/version.o: src/VERSION

.PHONY: deps test test-programs check lint format bench bench-programs demo install uninstall clean
deps:
	@tests/deps.sh build check

# Packages that are new now were unknown to pkg-config above, hence the second make.
test: deps
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@$(MAKE) --no-print-directory -j$(JOBS) check

# The test programs without running them.
test-programs: $(TESTS) $(FUZZERS)

check: all test-programs bench-programs
	@tests/run.sh $(BUILD) $(TESTS) $(CLI_TESTS)

demo:
	@tests/deps.sh build
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@tests/demo.sh $(BUILD)

lint:
	@tests/deps.sh build check lint
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@echo 'layout'; clang-format --dry-run --Werror $(FORMATTED)
	@echo 'layers'; tests/lint/layers.sh
	@echo 'house rules'; tests/lint/rules.sh
	@echo 'linked libraries'; tests/lint/links.sh $(BUILD)
	@echo 'clang-tidy'; printf '%s\n' $(ALL_SOURCES) | xargs -P $(JOBS) -n 8 sh -c 'clang-tidy --quiet "$$@" -- $(ALL_CFLAGS) -Itests 2>/dev/null' tidy

format:
	clang-format -i $(FORMATTED)

# What the benchmarks run on, what they are measured against, and what measures them.
$(BUILD)/generate: $(call objects,$(GENERATE_SOURCES)) $(BUILD)/librmv.a
$(BUILD)/floors: $(call objects,tests/bench/floors.c) $(BUILD)/librmv.a
$(BUILD)/measure: $(call objects,tests/bench/measure.c) $(BUILD)/librmv.a
$(BUILD)/generate $(BUILD)/floors $(BUILD)/measure:
	$(call shown,link,$@)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(RMV_LIBS) -lm -o $@

bench-programs: $(BUILD)/rmv $(BUILD)/generate $(BUILD)/floors $(BUILD)/measure

# What to measure and how: the head of tests/bench/run.sh.
bench:
	@tests/deps.sh build bench
	@$(MAKE) --no-print-directory -j$(JOBS) bench-programs
	@WORKLOADS='$(WORKLOADS)' ROWS='$(ROWS)' SCALE='$(SCALE)' RUNS='$(RUNS)' PEERS='$(PEERS)' \
	    tests/bench/run.sh $(BUILD)

install: all
	tests/install.sh $(BUILD) '$(DESTDIR)' '$(PREFIX)' $(VERSION) $(SOVERSION)

uninstall:
	tests/uninstall.sh '$(DESTDIR)$(PREFIX)'

clean:
	rm -rf build build-address build-thread

.SECONDARY:
-include $(patsubst %.c,$(BUILD)/%.d,$(ALL_SOURCES))
