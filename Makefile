# The chain: data/raw -> nine notebooks, in order -> outputs/JPN. `make help` explains the targets.
# Parameters such as DONOR=DEU RECIPIENTS=MOZ,TZA give a run of its own, in a folder of its own.
# Make looks at time stamps; what it calls then decides by content whether there is work to do.

PARAMETERS = DONOR RECIPIENTS FIRST_YEAR LAST_YEAR MEASURE PRICE_BASIS SCHEME BOUNDARY LAG ERAS
# what the command line sets, and parameters that the environment sets
CHOSEN := $(strip $(foreach v,$(filter-out PYTHON PYTHON3,$(.VARIABLES)),$(if $(filter command,$(origin $v)),$v)) \
  $(foreach v,$(PARAMETERS),$(if $(filter environment,$(origin $v)),$v)))

PYTHON3 = python3
PYTHON = .venv/bin/python
OUT = outputs/$(RUN)
BUILD = .build/$(RUN)
# folders of the outputs that are made on request and rest on the others
BY_REQUEST = report paper crate
# A notebook takes one core: its arrays are small, and threads of linear algebra wait for each other.
export OMP_NUM_THREADS = 1
NOTEBOOKS = 01_clean 02_measures 03_patterns 04_decisions 05_breaks 06_eras 07_donors 08_claims 09_figures

# What a person keeps for other work (settings of matplotlib, IPython and Jupyter, kernels, search
# paths, warnings) reaches no output: every program that make starts finds the checkout's own.
SETTINGS = $(CURDIR)/.build
export MPLCONFIGDIR = $(SETTINGS)/matplotlib
export IPYTHONDIR = $(SETTINGS)/ipython
export JUPYTER_PATH = $(CURDIR)/notebooks/.jupyter
export JUPYTER_PREFER_ENV_PATH = 1
export PYTHONPATH = $(CURDIR)/src
export PYTHONNOUSERSITE = 1
unexport MATPLOTLIBRC MPLBACKEND PYTHONHOME PYTHONSTARTUP PYTHONWARNINGS PYTHONOPTIMIZE PYTHONDEVMODE \
  PYTHONINSPECT PYTHONSAFEPATH PYTHONIOENCODING PANDERA_VALIDATION_ENABLED PANDERA_VALIDATION_DEPTH
# a home that is not there or cannot be written, as in a container with some user's number
ifneq ($(shell test -d "$$HOME" && test -w "$$HOME" && echo writable),writable)
export HOME = $(SETTINGS)/home
unexport XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME
endif

# The run's name. What the command line or the environment sets is checked before anything runs, and
# names on the command line too: make itself would take DONER=DEU in silence.
ifneq ($(CHOSEN),)
quoted = '$(subst ','\'',$1)'
override RUN := $(shell $(PYTHON3) src/oda_eras/study.py $(foreach v,$(CHOSEN),$(call quoted,$v=$(value $v))))
ifeq ($(RUN),)
$(error nothing was run, for the reason above)
endif
else
override RUN := JPN
endif
# makes of other runs that are started from here choose for themselves
unexport $(PARAMETERS)

STAMPS = $(NOTEBOOKS:%=$(BUILD)/%.json)
EXECUTED = $(NOTEBOOKS:%=$(BUILD)/%.ipynb)
# another interpreter, as in a conda environment, brings its own packages: no .venv then
VENV = $(if $(filter .venv/bin/python,$(PYTHON)),.venv/.complete)
module = $(1:%=src/oda_eras/%.py)
table = $(1:%=$(OUT)/data/%.csv)

.PHONY: all report paper docx crate donors atlas test test-portable lab accept verify claims \
  refresh accept-data restore-data power bench clean help

all: $(BUILD)/done ## run what is stale, end with complete outputs (the default)

# What each notebook rests on. A notebook that uses more than is listed here fails and says so.
# Tables of data/ that a notebook publishes follow its stamp; later notebooks follow the tables.
EVERY = data/sources.yml data/donors.csv requirements.lock notebooks/words/shared.md \
  $(call module,__init__ breaks codebook datapackage eras figures flows measures naming notebook page paths \
  saving sources staging stamps study tables words) data/recipients.csv src/oda_eras/hansen1997.csv $(wildcard src/oda_eras/fonts/*.ttf)
RAW = $(wildcard data/raw/*.csv data/raw/*.csv.gz) data/organisations.csv
# eras of one's own are the run's copy of them
ERAS_TABLE = $(if $(findstring .eras-,$(RUN)),$(BUILD)/eras.csv,data/eras.csv)

$(BUILD)/01_clean.json: $(RAW) data/README.md data/eras.csv $(call module,schemas panel identities)
CLEAN = $(call table,panel dac_total japan_totals prices context article_oda article_figures \
  constant_prices sectors_2012 china_commitments climate_marked flows agreements energy \
  direct_investment ideal_points vintages) $(OUT)/data/world.csv.gz
$(CLEAN): $(BUILD)/01_clean.json ;

$(BUILD)/02_measures.json: $(ERAS_TABLE) $(call module,article derived panel prices) \
  $(call table,panel article_figures japan_totals prices context sectors_2012 flows vintages) \
  $(OUT)/data/world.csv.gz
$(call table,derived gross_cells repayments price_bases): $(BUILD)/02_measures.json ;

$(BUILD)/03_patterns.json: $(ERAS_TABLE) data/events.csv $(call module,patterns flows) \
  $(call table,panel flows dac_total context sectors_2012 china_commitments)
$(call table,totals made_of measures_compared concentration ranks volatility): $(BUILD)/03_patterns.json ;

$(BUILD)/04_decisions.json: $(ERAS_TABLE) data/events.csv $(call module,decisions flows patterns) $(call table,panel \
  flows agreements prices climate_marked sectors_2012 china_commitments) $(OUT)/data/world.csv.gz
# only the default run has Japan's agreements
OLDER = $(if $(filter JPN,$(RUN)),$(call table,older_decisions))
$(OLDER): $(BUILD)/04_decisions.json ;

$(BUILD)/05_breaks.json: $(call table,panel derived flows) $(call module,break_evidence posterior power) \
  $(ERAS_TABLE) data/break_validation.csv data/power.csv

$(BUILD)/06_eras.json: $(ERAS_TABLE) data/events.csv data/power.csv $(call table,panel derived \
  flows agreements japan_totals) $(OUT)/data/world.csv.gz $(OLDER) \
  $(call module,contrasts decisions era_levels patterns placebo_recipients power \
  signing_tests)
$(OUT)/tables/t07_robustness.csv: $(BUILD)/06_eras.json ;

$(BUILD)/07_donors.json: $(call table,panel dac_total) $(OUT)/data/world.csv.gz $(ERAS_TABLE) \
  $(call module,decisions donors patterns)
$(call table,donor_shares): $(BUILD)/07_donors.json ;

$(BUILD)/08_claims.json: $(call table,panel japan_totals article_oda article_figures context \
  sectors_2012 ranks donor_shares flows agreements china_commitments energy direct_investment \
  ideal_points) $(call module,claims findings checks_flows checks_decisions checks_world \
  decisions patterns signing_tests) \
  data/claims.csv data/eras.csv data/excerpts.csv data/citations.csv
# only the default run judges the article's claims
LEDGER = $(if $(filter JPN,$(RUN)),$(OUT)/tables/t06_claims.csv)
$(LEDGER): $(BUILD)/08_claims.json ;

# the gallery shows whatever figures the others have saved
$(BUILD)/09_figures.json: $(filter-out $(BUILD)/09_figures.json,$(STAMPS)) $(call module,gallery)

$(STAMPS): $(BUILD)/%.json: notebooks/%.ipynb notebooks/words/%.md $(EVERY) | $(VENV)
	@"$(PYTHON)" -m oda_eras.run $< $(OUT) $(filter-out FORCE,$^)

# What the project itself keeps in data/ is checked before notebooks read it; 01 checks what it reads.
.build/tables: $(wildcard data/*.csv) data/datapackage.json data/raw/article_figures.csv \
  $(call module,own_tables schemas) | $(VENV)
	@"$(PYTHON)" -m oda_eras.own_tables $@
$(filter-out $(BUILD)/01_clean.json,$(STAMPS)): | .build/tables

$(BUILD)/done: $(STAMPS) data/README.md CITATION.cff $(call module,complete references)
	@"$(PYTHON)" -m oda_eras.complete $(OUT) $(NOTEBOOKS)

# Anything in the outputs or stamps newer than the last complete run was edited, cut or deleted
# since, or a run was interrupted: have every notebook's outputs looked at, not just stale ones.
ifneq ($(wildcard $(STAMPS)),)
# So is what is newer than now, since a clock that was set back would leave edits older than it.
CHANGED = touch $(BUILD)/now; find -H $(OUT) $(STAMPS) $(EXECUTED) $(BY_REQUEST:%=-path '$(OUT)/%' -prune -o) \
  \( -newer $(BUILD)/done -o -newer $(BUILD)/now \) -print
ifneq ($(shell $(CHANGED) 2>&1 | head -n 1),)
$(STAMPS) $(BUILD)/done: FORCE
endif
endif
FORCE:

.venv/.complete: requirements.lock pyproject.toml src/oda_eras/environment.py
	@$(PYTHON3) src/oda_eras/environment.py
# a checkout that was moved or copied has it made anew
ifneq ($(shell cat .venv/.complete 2>/dev/null),$(CURDIR))
.venv/.complete: FORCE
endif

paper: $(BUILD)/done ## set the example paper as PDF, from the outputs (outputs/JPN/paper)
	@"$(PYTHON)" -m oda_eras.paper pdf $(OUT)

docx: $(BUILD)/done ## the same paper for Word
	@"$(PYTHON)" -m oda_eras.paper docx $(OUT)

crate: $(BUILD)/done ## pack inputs, notebooks and outputs for deposit, as an RO-Crate (outputs/JPN/crate)
	@"$(PYTHON)" -m oda_eras.crate $(OUT) $(NOTEBOOKS)

test: | $(VENV) ## check everything in a scratch copy; touches nothing here
	@"$(PYTHON)" -m pytest

test-portable: | $(VENV) ## try the project on other machines' terms: settings, homes, folders, faults (minutes)
	@"$(PYTHON)" -m pytest -m "" --portable

# the paper is about the default run
report: $(BUILD)/done $(if $(filter JPN,$(RUN)),paper docx) ## write the notebooks as web pages, to read on a phone or print
	@"$(PYTHON)" -m oda_eras.report $(OUT) $(NOTEBOOKS)

# notebooks/.jupyter has Markdown open rendered and asks for no news, where the reader's own settings
# do not say otherwise; its kernel names itself as notebooks do, which opening one would else change
lab: export JUPYTER_CONFIG_PATH = $(CURDIR)/notebooks/.jupyter
lab: | $(VENV) ## open JupyterLab on the notebooks and their reading order
	@mkdir -p .build && "$(PYTHON)" -m jupyterlab --allow-root --LabApp.default_url=/lab/tree/README.md notebooks

# with + it takes part in make's jobs, and would run under make -n too
donors: | $(VENV) ## run every donor with enough data, then compare them (outputs/donors)
	$(if $(findstring n,$(filter-out --%,$(firstword $(MAKEFLAGS)))),,+)@"$(PYTHON)" -m oda_eras.all_donors

# the world's flows are the same in every run
atlas: outputs/JPN/data/world.csv.gz | $(VENV) ## test aid from every donor to every recipient for shifts (outputs/atlas)
	@"$(PYTHON)" -m oda_eras.atlas

accept: all ## take the executed notebooks over into notebooks/, to be committed
	@"$(PYTHON)" -m oda_eras.accept $(OUT) $(NOTEBOOKS)

verify: | $(VENV) ## compare raw tables and outputs with their recorded hashes
	@"$(PYTHON)" -m oda_eras.verify $(OUT)

claims: | $(VENV) ## judge the claims anew in a scratch copy; fails if a verdict changed
	@"$(PYTHON)" -m oda_eras.rejudge $(OUT)

# polars reads the bulk file of the CRS: 50 MB that nothing else needs
.venv/.refresh: .venv/.complete
	@.venv/bin/uv pip install --quiet --constraint requirements.lock -e '.[refresh]' 2>$@.log || \
	  { echo "what make refresh needs could not be installed: check the network ($@.log)"; exit 1; }
	@touch $@

refresh: | $(VENV:complete=refresh) ## fetch today's figures and show what they would change
	@"$(PYTHON)" -m oda_eras.refresh

accept-data: | $(VENV) ## take over what make refresh fetched, then run the chain
	@"$(PYTHON)" -m oda_eras.vintages accept
	@$(MAKE) --no-print-directory all

restore-data: | $(VENV) ## go back to the tables before make accept-data
	@"$(PYTHON)" -m oda_eras.vintages restore
	@$(MAKE) --no-print-directory all

power: | $(VENV) ## simulate the break methods' size and power, and check the break engine, anew (data/)
	@"$(PYTHON)" -m oda_eras.power
	@"$(PYTHON)" -m oda_eras.validation
	@"$(PYTHON)" -m oda_eras.record_raw

bench: | $(VENV) ## time the chain against plain papermill and plain Python, in scratch copies
	@"$(PYTHON)" -m oda_eras.bench $(NOTEBOOKS)

clean: ## remove the environment and what make remembers; outputs stay
	rm -rf .venv .build

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {print $$1 "\t" $$2}' Makefile
	@echo "$(PARAMETERS): choices, as in make DONOR=SWE RECIPIENTS=MOZ,TZA; README says more"
