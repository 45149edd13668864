#!/usr/bin/env python3
"""Runs a matching round in each market that has providers, and accepts a few of its proposals on both sides.

usage: market.py TTCTL ROUND ACCEPT PROVIDER_FILE...       prints one line for each market
"""
import gzip
import json
import subprocess
import sys


def call(ttctl, *arguments):
    """The reply, as JSON; or ends the program with what ttctl says."""
    done = subprocess.run([ttctl, *arguments, "--json"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"ttctl {' '.join(arguments)}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def markets_of(paths):
    markets = set()
    for path in paths:
        opener = gzip.open if path.endswith(".gz") else open
        with opener(path, "rt", encoding="utf-8-sig") as lines:
            markets |= {json.loads(line).get("market", "") for line in lines if line.strip()}
    return sorted(markets - {""})


def run_market(ttctl, market, round_id, most):
    outcome = call(ttctl, "round", market, round_id)["round"]
    proposals = call(ttctl, "proposals", "list", market, f"--round={round_id}", "--limit=1000").get("proposals", [])
    accepted = 0
    for proposal in proposals[:most]:
        for party in (proposal["applicant"], proposal["providerId"]):
            call(ttctl, "proposals", "accept", market, proposal["proposalId"], party)
        accepted += int(proposal["amountFen"])
    print(f"    {market}: {outcome.get('applications', 0)} applications, {outcome.get('products', 0)} products; wanted "
          f"{int(outcome.get('wantedFen', 0)) / 100:,.0f} yuan, proposed {int(outcome.get('allocatedFen', 0)) / 100:,.0f}; "
          f"{min(most, len(proposals))} of {len(proposals)} proposals accepted by both sides: {accepted / 100:,.0f} yuan")


def main():
    ttctl, round_id, most, *paths = sys.argv[1:]
    for market in markets_of(paths):
        run_market(ttctl, market, round_id, int(most))


if __name__ == "__main__":
    main()
