# make demo    builds what is missing, diagnoses a bundled sample, and makes a page of it in each language
# make test    installs what the tests need and runs them all
# make check   formatting, lints, licences, documentation
# make fuzz    searches for inputs that break what has to hold, FUZZ_SECONDS per job
# make bench   prints how fast this build is beside other tools
CARGO ?= cargo
# the capture helper is built where libpcap is; the program itself never needs it
FEATURES = $(shell [ -e /usr/include/pcap/pcap.h ] && echo --features capture)
DEMO ?= samples/expressway/peer-lost-nested-archive

.PHONY: all demo test check fmt lint deny doc schemas fuzz bench install-tools clean

all:
	$(CARGO) build --release --locked $(FEATURES)

demo:
	@$(CARGO) build --locked --quiet
	@echo '$$ clusterdx diagnose $(DEMO)/input'
	@./target/debug/clusterdx diagnose $(DEMO)/input --fail-on never
	@mkdir -p target/demo
	@echo
	@echo 'The same as a page, to be opened in a browser:'
	@for lang in en ko pt-BR; do \
	  page=target/demo/report.$$lang.html; \
	  ./target/debug/clusterdx diagnose $(DEMO)/input --fail-on never --format html --lang $$lang --output $$page && \
	  echo "  $$page"; \
	done

test: install-tools
	$(CARGO) test --locked --no-fail-fast $(FEATURES)

# what the tests run beside the program itself; a missing one makes its tests say that they skip
install-tools:
	@.ci/install-tools

check: fmt lint deny doc

fmt:
	$(CARGO) fmt --check
	$(CARGO) fmt --check --manifest-path tests/fuzz/Cargo.toml

lint:
	$(CARGO) clippy --locked --all-targets $(FEATURES) -- -D warnings
	$(CARGO) clippy --locked --manifest-path tests/fuzz/Cargo.toml --target-dir target -- -D warnings

deny:
	@command -v cargo-deny >/dev/null || $(CARGO) install --locked --quiet cargo-deny
	$(CARGO) deny --config .cargo/deny.toml check bans licenses sources

doc:
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --no-deps --document-private-items $(FEATURES)

# rewrites the committed schemas and golden transcripts after a wanted change
schemas:
	UPDATE=1 $(CARGO) test --locked --test schema --test report --test cli

fuzz: install-tools
	@tests/fuzz/run

bench:
	@tests/bench/run

clean:
	$(CARGO) clean
	rm -rf tests/fuzz/target
