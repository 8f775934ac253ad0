"""The Python part of reobj for colcon (ament_python) and pip."""

from glob import glob

from setuptools import find_packages, setup

PACKAGE = "reobj_ros"
NODES = [
    "detector_node",
    "encoder_node",
    "association_node",
    "live_node",
    "replay_node",
    "record_node",
    "trainer_node",
]

setup(
    name=PACKAGE,
    version="0.1.0",
    packages=find_packages(include=["reobj", "reobj.*", "reobj_ros", "reobj_ros.*"]),
    package_data={
        "reobj": ["fastdds.xml", "models/*/*", "models/detectors/*/*", "visual/templates/*", "py.typed"]
    },
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
        (f"share/{PACKAGE}/launch", glob("launch/*.launch.py")),
        (f"share/{PACKAGE}/config", glob("config/*.*")),
        (f"share/{PACKAGE}/config/train", glob("config/train/*")),
    ],
    # On a robot these come from rosdep (package.xml); pip reads them here.
    install_requires=[
        "av>=12",
        "embreex>=2.17.7.post4",
        "faiss-cpu>=1.8",
        "isal>=1.5",
        "jinja2>=3.1",
        "lightning-fabric>=2.4",
        "markupsafe>=2.1",
        "matplotlib>=3.7",
        "numpy>=1.26",
        "opencv-python-headless>=4.8",
        "pillow>=9",
        "pytorch-metric-learning>=2.6",
        "pyyaml>=6",
        "rich>=13",
        "rosbags>=0.10.9",
        "safetensors>=0.4",
        "scipy>=1.11",
        "timm>=1.0.9",
        "torch>=2.4",
        "torchvision>=0.19",
        "typer>=0.12",
    ],
    extras_require={
        "onnx": ["onnxruntime>=1.17"],  # segmenters from elsewhere; onnxruntime-gpu for CUDA
        "ray": ["ray>=2.30"],  # building views on a cluster
        "tensorboard": ["tensorboard>=2.15"],  # curves of a training
        "test": ["hypothesis", "pytest", "pytest-timeout"],  # else `colcon test` finds no tests
    },
    python_requires=">=3.10",
    zip_safe=False,
    maintainer="reobj maintainers",
    maintainer_email="maintainers@reobj.invalid",
    description="Object instance re-identification for robots: which chair is this, now and an hour later.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "reobj = reobj.cli:main",
            *(f"{node} = {PACKAGE}.entry:{node}" for node in NODES),
        ],
    },
)
