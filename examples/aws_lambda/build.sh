#!/usr/bin/env bash
# Makes function.zip from what is installed of requirements.txt, the code, and the model that train.py learned.
# PYTHON must be of the function's version: what is prepared and compiled here counts for that one alone.
set -euo pipefail
cd "$(dirname "$0")"
python=${PYTHON:-python3}

rm -rf package function.zip
"$python" -m pip install --quiet --disable-pip-version-check --no-compile --target package --requirement requirements.txt
rm -rf package/bin
cp lambda_function.py metrics.py orders.py model.json package/
(
    cd package
    "$python" -c 'import peakahead; print("wrote", peakahead.prepare(peakahead.load("model.json"), "model.json"))'
    # Compiled files that hold whatever times the zip gives the sources: Lambda can't write others.
    "$python" -m compileall -q -f --invalidation-mode unchecked-hash .
    "$python" -m zipfile -c ../function.zip ./*
)
ls -l function.zip
